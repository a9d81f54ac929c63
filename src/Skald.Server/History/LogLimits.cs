using System.ComponentModel.DataAnnotations;
using Skald.Server.Limits;

namespace Skald.Server.History;

/// <summary>Limits of what is written to the log.</summary>
public sealed class LogLimits
{
    /// <summary>Messages a second from one user over all sockets and HTTP; twice as many at once.</summary>
    [Range(0, 1_000_000)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public double MessagesPerUser { get; set; } = 20;

    /// <summary>Messages a second into one room; twice as many at once.</summary>
    [Range(0, 1_000_000)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public double MessagesPerRoom { get; set; } = 200;

    /// <summary>Edits a minute of one message, and as many at once.</summary>
    [Range(0, 1_000_000)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public double EditsPerMessagePerMinute { get; set; } = 10;

    /// <summary>Messages that may wait for the log writer.</summary>
    [Range(16, 10_000_000)]
    [Beyond("overloaded")]
    public int QueuedMessages { get; set; } = 16_384;

    /// <summary>Most messages one transaction stores.</summary>
    [Range(1, 100_000)]
    public int MessagesPerBatch { get; set; } = 1_024;
}
