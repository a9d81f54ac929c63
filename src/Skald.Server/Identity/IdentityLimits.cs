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
}
