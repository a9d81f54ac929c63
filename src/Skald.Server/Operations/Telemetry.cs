using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Skald.Server.Operations;

/// <summary>The one name of the server's meter and activity source: a listener to <c>Skald</c> gets all of it.</summary>
/// <param name="meters">The host's, which tells its own meters from those of another server in the same process.</param>
internal sealed class Telemetry(IMeterFactory? meters = null)
{
    public const string Name = "Skald";

    public Meter Meter { get; } = meters?.Create(Name) ?? new Meter(Name);

    public static ActivitySource Traces { get; } = new(Name);
}
