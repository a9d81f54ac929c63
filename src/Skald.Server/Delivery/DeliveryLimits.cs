using System.ComponentModel.DataAnnotations;
using Skald.Server.Limits;

namespace Skald.Server.Delivery;

/// <summary>Limits of what waits in memory for readers.</summary>
public sealed class DeliveryLimits
{
    /// <summary>Messages that may wait for one reader of a room.</summary>
    [Range(0, int.MaxValue)]
    [OffAtZero(BoundsMemory = true)]
    [Beyond("4008")]
    public int MessagesBehind { get; set; } = 1_024;

    /// <summary>Bytes that may wait for one reader of a room.</summary>
    [Range(0, long.MaxValue)]
    [OffAtZero(BoundsMemory = true)]
    [Beyond("4008")]
    public long BytesBehind { get; set; } = 1024 * 1024;

    /// <summary>Bytes of answers (acks, errors) that may wait for one connection.</summary>
    [Range(1024, int.MaxValue)]
    [Beyond("4008")]
    public int AnswerBytesBehind { get; set; } = 64 * 1024;

    /// <summary>Signals a second into one room; twice as many at once.</summary>
    [Range(0, 1_000_000)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public double SignalsPerRoom { get; set; } = 50;

    /// <summary>Sockets that may be in a room for signals to be passed on there.</summary>
    [Range(0, int.MaxValue)]
    [OffAtZero]
    [Beyond("signals_off")]
    public int SignalSockets { get; set; } = 500;

    /// <summary>
    /// Bytes of the newest messages that a room keeps encoded for readers that fall a little behind; older ones come from the log.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int TailBytes { get; set; } = 64 * 1024;

    /// <summary>The same of all rooms together; over it the room that was written to longest ago keeps none.</summary>
    [Range(0, long.MaxValue)]
    public long TailBytesInAll { get; set; } = 64 * 1024 * 1024;
}
