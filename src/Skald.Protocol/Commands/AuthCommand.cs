namespace Skald.Protocol;

/// <summary><c>auth</c>: who the client is.</summary>
public sealed record AuthCommand(FrameId Id, string Token) : ClientCommand(Id)
{
    /// <summary>Keeps the token out of any log that prints the command.</summary>
    public override string ToString() => "auth";

    internal static AuthCommand From(ref FrameFields fields) => new(fields.Id, fields.Required("token"u8));
}
