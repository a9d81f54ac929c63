namespace Skald.Server.Settings;

/// <summary>Which known name was meant by one that does not exist.</summary>
internal static class NearestName
{
    /// <returns>A sentence: <c>Did you mean Limits:Connections?</c> or where to find them all.</returns>
    public static string Hint(string written, IEnumerable<string> known, string prefix = "") =>
        Of(written, known) is { } nearest ? $"Did you mean {prefix}{nearest}?" : "skald --help settings lists all there are.";

    /// <param name="atMost">Letters that may differ; a third of them where that is not said.</param>
    /// <returns>The name that differs in the fewest letters; null where none is near.</returns>
    public static string? Of(string written, IEnumerable<string> known, int? atMost = null)
    {
        var (nearest, distance) = ((string?)null, (atMost ?? Math.Max(written.Length, 6) / 3) + 1);
        foreach (var name in known)
        {
            // The setting may be right, and its section missing.
            var far = Math.Min(Distance(written, name), Distance(written, name[(name.LastIndexOf(':') + 1)..]));
            if (far < distance)
                (nearest, distance) = (name, far);
        }

        return nearest;
    }

    /// <summary>Letters to insert, to leave out or to change, whatever their case (Levenshtein).</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var (diagonal, left) = (row[0], row[0] = i);
            for (var j = 1; j <= other.Length; j++)
            {
                var change = diagonal + (char.ToUpperInvariant(one[i - 1]) == char.ToUpperInvariant(other[j - 1]) ? 0 : 1);
                diagonal = row[j];
                left = row[j] = Math.Min(change, Math.Min(left, diagonal) + 1);
            }
        }

        return row[^1];
    }
}
