using System.ComponentModel.DataAnnotations;
using Skald.Protocol;
using Skald.Server.Limits;

namespace Skald.Server.Commands;

/// <summary>Limits of what comes over the wire, which both sides must agree on: <c>ready</c> tells them to the client.</summary>
public sealed class WireLimits
{
    /// <summary>Longest message text, in Unicode code points.</summary>
    [Range(1, 1_000_000)]
    [Beyond("too_long")]
    public int MessageCodePoints { get; set; } = ProtocolLimits.Default.MessageCodePoints;

    /// <summary>Longest message text, in bytes of UTF-8.</summary>
    [Range(1, 1_000_000)]
    [Beyond("too_long")]
    public int MessageBytes { get; set; } = ProtocolLimits.Default.MessageBytes;

    /// <summary>Largest WebSocket message from a client, in bytes after reassembly.</summary>
    [Range(256, 4_000_000)]
    [Beyond("1009")]
    public int FrameBytes { get; set; } = ProtocolLimits.Default.FrameBytes;

    /// <summary>Rooms one connection may be in.</summary>
    [Range(0, int.MaxValue)]
    [OffAtZero]
    [Beyond("too_many_rooms")]
    public int RoomsPerConnection { get; set; } = ProtocolLimits.Default.Rooms;

    /// <summary>Data of one signal, in bytes.</summary>
    [Range(2, 64 * 1024)]
    [Beyond("too_long")]
    public int SignalBytes { get; set; } = ProtocolLimits.Default.SignalBytes;

    /// <summary>The same for <see cref="ClientCommand"/> and <see cref="ReadyFrame"/>.</summary>
    internal ProtocolLimits Protocol => new()
    {
        MessageCodePoints = MessageCodePoints,
        MessageBytes = MessageBytes,
        FrameBytes = FrameBytes,
        Rooms = RoomsPerConnection,
        SignalBytes = SignalBytes,
    };
}
