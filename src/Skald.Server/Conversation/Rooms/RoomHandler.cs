using Skald.Protocol;
using Skald.Server.Commands;
using Skald.Server.Rooms;

namespace Skald.Server.Conversation.Rooms;

internal sealed class RoomHandler(RoomAccess rooms, MessagePipeline pipeline)
    : EntryHandler<RoomCommand>(rooms, pipeline, RoomAction.EditRoom);
