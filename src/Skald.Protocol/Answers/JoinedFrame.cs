namespace Skald.Protocol;

/// <summary><c>joined</c>: where a join begins; see docs/protocol.</summary>
/// <param name="Since">Messages after this one follow.</param>
/// <param name="Complete">False where the log cannot continue from the position that was asked for.</param>
/// <param name="FirstSeq">The oldest message kept; 1 where the room is empty.</param>
/// <param name="Epoch">Which log this is.</param>
public readonly record struct JoinedFrame(FrameId Re, string Room, long Seq, long Since, bool Complete, long FirstSeq, string Epoch)
    : IServerFrame
{
    /// <summary>What the user is in the room.</summary>
    public Role? Role { get; init; }

    public void WriteTo(FrameWriter writer)
    {
        writer.Start("joined"u8, Re);
        var json = writer.Json;
        json.WriteString("room"u8, Room);
        json.WriteNumber("seq"u8, Seq);
        json.WriteNumber("since"u8, Since);
        json.WriteBoolean("complete"u8, Complete);
        json.WriteNumber("first_seq"u8, FirstSeq);
        json.WriteString("epoch"u8, Epoch);
        if (Role is { } role)
            json.WriteString("role"u8, WireName.Of(role));
        writer.End();
    }
}
