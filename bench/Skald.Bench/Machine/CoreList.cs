using System.Globalization;

namespace Skald.Bench.Machine;

/// <summary>Some cores, written as <c>taskset</c> takes them: <c>0</c>, <c>0-3</c>, <c>0,2-3</c>.</summary>
internal sealed record CoreList(IReadOnlyList<int> Cores)
{
    /// <summary>The first half of the machine, or its only core.</summary>
    public static CoreList ForServer { get; } = Range(0, Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>The other half of the machine, or its only core.</summary>
    public static CoreList ForLoad { get; } = Range(Environment.ProcessorCount / 2, Environment.ProcessorCount);

    public static CoreList Parse(string text)
    {
        var cores = new List<int>();
        foreach (var part in text.Split(','))
        {
            var ends = part.Split('-');
            var first = int.Parse(ends[0], CultureInfo.InvariantCulture);
            var last = int.Parse(ends[^1], CultureInfo.InvariantCulture);
            cores.AddRange(Enumerable.Range(first, last - first + 1));
        }

        return new CoreList(cores);
    }

    public override string ToString() => string.Join(',', Cores);

    private static CoreList Range(int from, int to) => new([.. Enumerable.Range(from, to - from)]);
}
