using Skald.Protocol;
using Skald.Server.Commands;
using Skald.Server.Rooms;

namespace Skald.Server.Conversation.Messages;

internal sealed class DeleteHandler(RoomAccess rooms, MessagePipeline pipeline)
    : EntryHandler<DeleteCommand>(rooms, pipeline, RoomAction.Delete);
