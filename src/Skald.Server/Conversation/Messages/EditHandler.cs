using Skald.Protocol;
using Skald.Server.Commands;
using Skald.Server.Rooms;

namespace Skald.Server.Conversation.Messages;

internal sealed class EditHandler(RoomAccess rooms, MessagePipeline pipeline)
    : EntryHandler<EditCommand>(rooms, pipeline, RoomAction.Edit);
