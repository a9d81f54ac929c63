using Skald.Protocol;
using Skald.Server.Commands;
using Skald.Server.Rooms;

namespace Skald.Server.Conversation.Messages;

internal sealed class SendHandler(RoomAccess rooms, MessagePipeline pipeline) : EntryHandler<SendCommand>(rooms, pipeline, RoomAction.Send);
