using System.ComponentModel.DataAnnotations;

namespace Skald.Server.Connections;

/// <summary>The section <c>Connections</c>.</summary>
public sealed class ConnectionsOptions : IValidatableObject
{
    /// <summary>Web origins, as <c>https://app.example</c>, whose pages may open a socket besides this server's own. Exact match; there is no wildcard.</summary>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>Whether sockets without TLS are read and written directly, on Linux (see docs/decisions/). Off, and elsewhere: through the web server's stream, at two to three times the cost.</summary>
    public bool DirectSocket { get; set; } = true;

    /// <summary>How long a drain may take before what is left is cut off.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Clients of a draining node are told to come back at moments spread over this time.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan DrainSpread { get; set; } = TimeSpan.FromSeconds(5);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        AllowedOrigins.Where(origin => !IsOrigin(origin)).Select(origin => new ValidationResult(
            $"Connections:AllowedOrigins holds \"{origin}\", which is no origin of pages. Write https://app.example, with the port if it has one and nothing behind it; several are separated by commas."));

    /// <summary>A scheme, a host, and a port maybe. Apps in a shell have schemes of their own: <c>capacitor://localhost</c>.</summary>
    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var origin) && origin.Host.Length > 0 && !text.Contains('*', StringComparison.Ordinal)
        && origin.PathAndQuery is "/" or "" && origin is { Fragment: "", UserInfo: "" };
}
