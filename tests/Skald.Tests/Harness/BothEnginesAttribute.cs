using Xunit.v3;

namespace Skald.Tests.Harness;

/// <summary>
/// A class whose servers run on SQLite, and in a second run on PostgreSQL: <c>SKALD_TEST_ENGINE=postgres</c> with
/// <c>-trait "Engine=both"</c>, as test.sh has it.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class BothEnginesAttribute : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [KeyValuePair.Create("Engine", "both")];
}
