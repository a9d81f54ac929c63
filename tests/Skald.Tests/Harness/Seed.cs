using System.Globalization;

namespace Skald.Tests.Harness;

/// <summary>The chance in a test: printed always, and set by <c>SKALD_SEED</c> to see the same again.</summary>
internal static class Seed
{
    /// <summary>Whether the counts of a long night are wanted, <c>SKALD_FULL=1</c>, or those of a submission.</summary>
    public static bool Full => Environment.GetEnvironmentVariable("SKALD_FULL") == "1";

    public static int Next(string test)
    {
        var seed = int.TryParse(
            Environment.GetEnvironmentVariable("SKALD_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            ? given
            : Random.Shared.Next();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    seed {seed}: {test}"));
        return seed;
    }

    /// <summary>So many now, so many in full.</summary>
    public static int Count(int now, int full) => Full ? full : now;
}
