namespace Skald.Server.Limits;

/// <summary>
/// The section <c>Limits</c>: what one client, one address or the whole node may take. Its limits stand in one class for each folder
/// that holds them, such as <see cref="RequestLimits"/>; each class is added by <see cref="LimitsSetup.AddLimits{TLimits}"/>.
/// </summary>
public sealed class LimitsOptions
{
    /// <summary>
    /// False switches every rate and count limit off, for load tests; sizes stay. The server says so at start and each hour.
    /// </summary>
    public bool Enabled { get; set; } = true;
}
