using System.Globalization;

namespace Skald.Bench.Reports;

/// <summary>Some values of the same thing: the middle one, the least and the greatest.</summary>
internal sealed record Spread(double Median, double Least, double Greatest)
{
    /// <returns>Null when there is no value.</returns>
    public static Spread? Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        if (sorted.Length == 0)
            return null;
        var middle = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        return new Spread(middle, sorted[0], sorted[^1]);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Median:N2} ({Least:N2}–{Greatest:N2})");
}
