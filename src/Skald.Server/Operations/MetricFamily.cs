using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Skald.Server.Operations;

/// <summary>
/// One instrument as Prometheus shows it: a series for each combination of its tags. What is taken allocates nothing but a series'
/// first time.
/// </summary>
internal sealed class MetricFamily
{
    /// <summary>OpenTelemetry's default, for a histogram that advises nothing.</summary>
    private static readonly double[] DefaultBounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000];

    private static readonly SearchValues<char> ToEscape = SearchValues.Create("\\\"\n");
    private static readonly ConcurrentDictionary<string, string> LabelNames = new(StringComparer.Ordinal);

    private readonly string _description;
    private readonly string _type;
    private readonly bool _adds;          // measurements are steps; else they are what is
    private readonly bool _observed;      // asked for at each reading
    private readonly double[]? _bounds;
    private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Series>.AlternateLookup<ReadOnlySpan<char>> _byLabels;
    private Series? _last;

    public MetricFamily(Instrument instrument)
    {
        var kind = instrument.GetType().GetGenericTypeDefinition();
        _type = kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>) ? "counter"
            : kind == typeof(Histogram<>) ? "histogram"
            : "gauge";
        _adds = kind == typeof(Counter<>) || kind == typeof(UpDownCounter<>);
        _observed = instrument.IsObservable;
        _bounds = _type == "histogram" ? Bounds(instrument) : null;
        _description = instrument.Description ?? "";
        Name = NameOf(instrument.Name, instrument.Unit, _type);
        _byLabels = _series.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public string Name { get; }

    /// <summary>
    /// A name by the rules of OpenTelemetry's "Prometheus compatibility": no dots, the unit in words, <c>_total</c> for what only
    /// grows. Prometheus keeps <c>_count</c> for histograms: the runtime's <c>dotnet.timer.count</c> is <c>dotnet_timer</c>.
    /// </summary>
    public static string NameOf(string name, string? unit, string type)
    {
        const string Count = ".count";
        if (type == "gauge" && name.EndsWith(Count, StringComparison.Ordinal))
            name = name[..^Count.Length];
        var text = new StringBuilder(name).Replace('.', '_').Replace('-', '_');
        var suffix = unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            "1" when type == "gauge" => "_ratio",
            _ => "",
        };
        if (!name.EndsWith(suffix, StringComparison.Ordinal))
            text.Append(suffix);
        return text.Append(type == "counter" ? "_total" : "").ToString();
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        // Most measurements have the tags of the one before; their text is a hundredth of a request.
        if (_last is not { } series || !series.Has(tags))
            _last = series = Find(tags);
        if (_bounds is not null)
            series.Observe(value, _bounds);
        else if (_adds)
            series.Add(value);
        else
            series.Set(value);
    }

    /// <summary>Before a reading: what is not observed again, since it is no more or cannot be read, is not shown again.</summary>
    public void BeginReading()
    {
        if (!_observed)
            return;
        _series.Clear();
        _last = null;
    }

    public void Write(StringBuilder text)
    {
        text.Append(
            CultureInfo.InvariantCulture,
            $"# HELP {Name} {_description.Replace("\\", @"\\", StringComparison.Ordinal).ReplaceLineEndings(" ")}\n");
        text.Append(CultureInfo.InvariantCulture, $"# TYPE {Name} {_type}\n");
        foreach (var (labels, series) in _series.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            series.Write(text, Name, labels, _bounds);
    }

    private Series Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new DefaultInterpolatedStringHandler(0, 0, CultureInfo.InvariantCulture, stackalloc char[256]);
        foreach (var (name, tag) in tags)
            AppendLabel(ref labels, name, tag);
        if (!_byLabels.TryGetValue(labels.Text, out var series))
            series = _series.GetOrAdd(labels.Text.ToString(), new Series([.. tags], _bounds));
        labels.Clear();
        return series;
    }

    private static double[] Bounds(Instrument instrument) =>
        instrument switch
        {
            Histogram<double> histogram => histogram.Advice?.HistogramBucketBoundaries?.ToArray(),
            Histogram<long> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(bound => (double)bound).ToArray(),
            Histogram<int> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(bound => (double)bound).ToArray(),
            _ => null,
        }
        ?? DefaultBounds;

    /// <summary><c>name="value"</c>, with a comma before all but the first.</summary>
    private static void AppendLabel(ref DefaultInterpolatedStringHandler labels, string name, object? value)
    {
        if (!labels.Text.IsEmpty)
            labels.AppendLiteral(",");
        labels.AppendLiteral(
            LabelNames.GetOrAdd(name, static name => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'))));
        labels.AppendLiteral("=\"");
        if (value is string text)
            labels.AppendLiteral(text.AsSpan().ContainsAny(ToEscape) ? Escape(text) : text);
        else if (value is bool flag)
            labels.AppendLiteral(flag ? "true" : "false");
        else
            labels.AppendFormatted(value);
        labels.AppendLiteral("\"");
    }

    private static string Escape(string text) =>
        text.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", @"\n", StringComparison.Ordinal);

    /// <param name="bounds">Upper bounds of a histogram's buckets; null for everything else.</param>
    private sealed class Series(KeyValuePair<string, object?>[] tags, double[]? bounds)
    {
        private readonly long[] _buckets = bounds is null ? [] : new long[bounds.Length + 1];
        private double _value;   // of a histogram: the sum

        /// <summary>Whether a measurement with these tags is one of this series, by their values alone: no text is made.</summary>
        public bool Has(ReadOnlySpan<KeyValuePair<string, object?>> others)
        {
            if (others.Length != tags.Length)
                return false;
            for (var i = 0; i < tags.Length; i++)
            {
                if (!string.Equals(tags[i].Key, others[i].Key, StringComparison.Ordinal) || !Equals(tags[i].Value, others[i].Value))
                    return false;
            }

            return true;
        }

        public void Set(double value) => Volatile.Write(ref _value, value);

        public void Add(double value)
        {
            double seen;
            do
                seen = Volatile.Read(ref _value);
            while (!Interlocked.CompareExchange(ref _value, seen + value, seen).Equals(seen));
        }

        public void Observe(double value, double[] bounds)
        {
            var bucket = Array.BinarySearch(bounds, value);
            Interlocked.Increment(ref _buckets[bucket < 0 ? ~bucket : bucket]);
            Add(value);
        }

        public void Write(StringBuilder text, string name, string labels, double[]? bounds)
        {
            var braces = labels.Length == 0 ? "" : $"{{{labels}}}";
            if (bounds is null)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}{braces} {Volatile.Read(ref _value)}\n");
                return;
            }

            var comma = labels.Length == 0 ? "" : ",";
            var count = 0L;
            for (var i = 0; i < _buckets.Length; i++)
            {
                count += Volatile.Read(ref _buckets[i]);
                var bound = i < bounds.Length ? bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"{name}_sum{braces} {Volatile.Read(ref _value)}\n{name}_count{braces} {count}\n");
        }
    }
}
