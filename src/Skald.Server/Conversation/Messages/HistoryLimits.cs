using System.ComponentModel.DataAnnotations;
using Skald.Server.Limits;

namespace Skald.Server.Conversation.Messages;

/// <summary>Limits of reading messages over HTTP.</summary>
public sealed class HistoryLimits
{
    /// <summary>Pages of history one user may be reading at once; each takes memory until it is taken.</summary>
    [Range(0, int.MaxValue)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public int HistoryRequestsPerUser { get; set; } = 8;
}
