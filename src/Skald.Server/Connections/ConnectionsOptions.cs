using System.ComponentModel.DataAnnotations;

namespace Skald.Server.Connections;

/// <summary>The section <c>Connections</c>.</summary>
public sealed class ConnectionsOptions : IValidatableObject
{
    // Read when the first page of another origin asks: by then all that sets options has run.
    private readonly Lazy<HashSet<WebOrigin>> _allowed;

    public ConnectionsOptions() => _allowed = new(() => [.. AllowedOrigins.Select(WebOrigin.Parse).OfType<WebOrigin>()]);

    /// <summary>
    /// Web origins, as <c>https://app.example</c>, whose pages may call the API and open sockets besides this server's own. The whole
    /// origin must match, in whatever spelling; there is no wildcard.
    /// </summary>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>
    /// Whether sockets without TLS are read and written directly, on Linux (docs/decisions/, 9 and 14). Off, and elsewhere: through
    /// Kestrel's stream, at two to three times the cost.
    /// </summary>
    public bool DirectSocket { get; set; } = true;

    /// <summary>How long a drain may take before what is left is cut off.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Clients of a draining node are told to come back at moments spread over this time.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan DrainSpread { get; set; } = TimeSpan.FromSeconds(5);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        AllowedOrigins.Where(origin => WebOrigin.Parse(origin) is null).Select(origin => new ValidationResult(
            $"Connections:AllowedOrigins holds \"{origin}\", which is no origin of pages. Write https://app.example, with the port if it has one and nothing behind it; several are separated by commas."));

    /// <summary>Whether <see cref="AllowedOrigins"/> holds it, in whatever spelling.</summary>
    internal bool Allows(WebOrigin origin) => _allowed.Value.Contains(origin);
}
