using System.ComponentModel.DataAnnotations;
using Skald.Server.Limits;

namespace Skald.Server.Identity;

/// <summary>Limits of one user and of what proves to be one.</summary>
public sealed class IdentityLimits
{
    /// <summary>Sockets one user may have open.</summary>
    [Range(0, int.MaxValue)]
    [OffAtZero]
    [Beyond("4409")]
    public int ConnectionsPerUser { get; set; } = 16;

    /// <summary>Largest token that is looked at, in bytes.</summary>
    [Range(512, 1_000_000)]
    [Beyond("token_not_valid")]
    public int TokenBytes { get; set; } = 4_096;

    /// <summary>Tickets for sockets that a node issues within one lifetime of them, used or not.</summary>
    internal const int MostTickets = 100_000;

    /// <summary>Unused tickets that a session may hold: four for each socket that its user may have.</summary>
    internal int TicketsPerSession => ConnectionsPerUser > 0 ? Math.Min(4 * ConnectionsPerUser, MostTickets) : MostTickets;
}
