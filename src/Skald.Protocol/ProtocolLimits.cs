namespace Skald.Protocol;

/// <summary>The sizes that both sides of a socket must agree on; <c>ready</c> tells them to the client.</summary>
public sealed record ProtocolLimits
{
    public static readonly ProtocolLimits Default = new();

    /// <summary>Longest message text, in Unicode code points.</summary>
    public int MessageCodePoints { get; init; } = 4_000;

    /// <summary>Longest message text, in bytes of UTF-8.</summary>
    public int MessageBytes { get; init; } = 8_000;

    /// <summary>Largest client frame after reassembly, in bytes.</summary>
    public int FrameBytes { get; init; } = 16 * 1024;

    /// <summary>Rooms one connection may be in.</summary>
    public int Rooms { get; init; } = 128;

    /// <summary>Longest data of a signal, in bytes as the client wrote them.</summary>
    public int SignalBytes { get; init; } = 1024;

    /// <summary>Deepest nesting of a client's JSON: enough for <c>resume</c>, too little for a bomb.</summary>
    public const int JsonDepth = 8;
}
