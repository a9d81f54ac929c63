using System.Diagnostics;
using System.Diagnostics.Metrics;
using Skald.Protocol;
using Skald.Server.Operations;

namespace Skald.Server.History;

/// <summary>What the log tells an operator: how sends end, and what a commit takes. Counted by the batch.</summary>
internal sealed class LogMetrics
{
    private const string Result = "skald.result";

    private readonly Meter _meter;
    private readonly Counter<long> _sends;
    private readonly Histogram<double> _duration;
    private readonly Histogram<int> _messages;

    public LogMetrics(Telemetry telemetry)
    {
        _meter = telemetry.Meter;
        _sends = _meter.CreateCounter<long>(
            "skald.sends", "{send}", "Sends, edits and deletes, by how each ended (`skald.result`): `stored`, `duplicate` (stored before), `unchanged` (nothing to do), or the code it was refused with.");
        _duration = _meter.CreateHistogram(
            "skald.commit.duration",
            "s",
            "Time from handing a batch to the storage until it is on disk.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
            });
        _messages = _meter.CreateHistogram(
            "skald.commit.messages",
            "{message}",
            "Messages in one commit.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000] });
    }

    public void ObserveQueue(Func<int> queued) =>
        _meter.CreateObservableUpDownCounter("skald.log.queued", queued, "{message}", "Messages that wait for the log writer.");

    /// <param name="begun">When the batch was handed to the storage, by <see cref="Stopwatch"/>.</param>
    /// <param name="batch">It is on disk.</param>
    public void Committed(long begun, Batch batch)
    {
        _duration.Record(Stopwatch.GetElapsedTime(begun).TotalSeconds);
        _messages.Record(batch.Count);
        Span<int> ends = stackalloc int[(int)DraftEnd.Refused + 1];
        foreach (var draft in batch)
        {
            if (draft.End == DraftEnd.Refused)
                Refused(draft.Refusal!.Code);
            else
                ends[(int)draft.End]++;
        }

        Count(ends[(int)DraftEnd.Stored], "stored");
        Count(ends[(int)DraftEnd.Duplicate], "duplicate");
        Count(ends[(int)DraftEnd.Unchanged], "unchanged");
    }

    public void Refused(ErrorCode code, int messages = 1) => _sends.Add(messages, new KeyValuePair<string, object?>(Result, code.Name));

    private void Count(int sends, string end)
    {
        if (sends > 0)
            _sends.Add(sends, new KeyValuePair<string, object?>(Result, end));
    }
}
