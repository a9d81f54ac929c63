namespace Skald.Protocol;

/// <summary><c>ping</c>: is anyone there?</summary>
public sealed record PingCommand(FrameId Id) : ClientCommand(Id)
{
    internal static PingCommand From(ref FrameFields fields) => new(fields.Id);
}
