namespace Skald.Protocol;

/// <summary>What a client asks for in one frame.</summary>
public abstract record ClientCommand(FrameId Id);

/// <summary><c>auth</c>: who the client is.</summary>
public sealed record AuthCommand(FrameId Id, string Token) : ClientCommand(Id)
{
    /// <summary>Keeps the token out of any log that prints the command.</summary>
    public override string ToString() => "auth";
}

/// <summary><c>join</c>: enter a room.</summary>
/// <param name="Id">See <see cref="FrameId"/>.</param>
/// <param name="Room">A valid <see cref="RoomName"/>.</param>
/// <param name="Since">The last <c>seq</c> the client has, from 0; null for live messages only.</param>
/// <param name="Epoch">The log that <paramref name="Since"/> belongs to; null where the client does not say.</param>
public sealed record JoinCommand(FrameId Id, string Room, long? Since, string? Epoch) : ClientCommand(Id);

/// <summary><c>resume</c>: many joins in one frame.</summary>
public sealed record ResumeCommand(FrameId Id, string? Epoch, IReadOnlyList<RoomPosition> Rooms) : ClientCommand(Id);

/// <summary>A cursor: the last <c>seq</c> a client has of a room.</summary>
/// <param name="Room">Not checked.</param>
/// <param name="Seq">From 0; null for live messages only.</param>
public readonly record struct RoomPosition(string Room, long? Seq);

/// <summary><c>leave</c>: leave a room.</summary>
public sealed record LeaveCommand(FrameId Id, string Room) : ClientCommand(Id);

/// <summary>A command whose outcome is an entry of a room's log.</summary>
/// <param name="Id">See <see cref="FrameId"/>.</param>
/// <param name="Room">A valid <see cref="RoomName"/>; null where the address names the room: on a room socket, over HTTP.</param>
/// <param name="ClientMessageId">A valid <see cref="Protocol.ClientMessageId"/>, or null.</param>
public abstract record EntryCommand(FrameId Id, string? Room, string? ClientMessageId) : ClientCommand(Id);

/// <summary><c>send</c>: store a message.</summary>
/// <param name="Id">See <see cref="FrameId"/>.</param>
/// <param name="Room">See <see cref="EntryCommand"/>.</param>
/// <param name="Text">UTF-8 that passed <see cref="MessageText.Check"/>; owned by the command.</param>
/// <param name="ClientMessageId">See <see cref="EntryCommand"/>.</param>
public sealed record SendCommand(FrameId Id, string? Room, byte[] Text, string? ClientMessageId) : EntryCommand(Id, Room, ClientMessageId);

/// <summary>A command about one message.</summary>
/// <param name="Id">See <see cref="FrameId"/>.</param>
/// <param name="Room">See <see cref="EntryCommand"/>.</param>
/// <param name="Target">The message's <c>seq</c>, from 1.</param>
/// <param name="ClientMessageId">See <see cref="EntryCommand"/>.</param>
public abstract record ChangeCommand(FrameId Id, string? Room, long Target, string? ClientMessageId) : EntryCommand(Id, Room, ClientMessageId);

/// <summary><c>edit</c>: give a message another text.</summary>
/// <param name="Id">See <see cref="FrameId"/>.</param>
/// <param name="Room">See <see cref="EntryCommand"/>.</param>
/// <param name="Target">See <see cref="ChangeCommand"/>.</param>
/// <param name="Text">As of <see cref="SendCommand"/>.</param>
/// <param name="IfVersion">The <c>text_version</c> that the client has seen: of another one the edit is refused. Null where it does not matter.</param>
/// <param name="ClientMessageId">See <see cref="EntryCommand"/>.</param>
public sealed record EditCommand(FrameId Id, string? Room, long Target, byte[] Text, long? IfVersion, string? ClientMessageId)
    : ChangeCommand(Id, Room, Target, ClientMessageId);

/// <summary><c>delete</c>: erase a message's text.</summary>
/// <param name="Id">See <see cref="FrameId"/>.</param>
/// <param name="Room">See <see cref="EntryCommand"/>.</param>
/// <param name="Target">See <see cref="ChangeCommand"/>.</param>
/// <param name="ClientMessageId">See <see cref="EntryCommand"/>.</param>
public sealed record DeleteCommand(FrameId Id, string? Room, long Target, string? ClientMessageId) : ChangeCommand(Id, Room, Target, ClientMessageId);

/// <summary><c>ping</c>: is anyone there?</summary>
public sealed record PingCommand(FrameId Id) : ClientCommand(Id);
