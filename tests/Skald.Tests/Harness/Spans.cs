using System.Collections.Concurrent;
using System.Diagnostics;
using Skald.Server.Operations;

namespace Skald.Tests.Harness;

/// <summary>The spans that servers in this process end while it listens.</summary>
internal sealed class Spans : IDisposable
{
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;

    /// <param name="sampling">What is said to each trace that begins.</param>
    public Spans(ActivitySamplingResult sampling = ActivitySamplingResult.AllDataAndRecorded)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref _) => sampling,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public IReadOnlyCollection<Activity> All => _ended;

    /// <summary>The spans of the only message in a room, once its way has ended: <c>message</c> last.</summary>
    public async Task<Activity[]> OfRoomAsync(string room)
    {
        Activity? message = null;
        await Deadline.UntilAsync(
            () => (message = _ended.FirstOrDefault(span => (string?)span.GetTagItem("skald.room") == room)) is not null,
            $"the message in {room} is traced");
        return [.. _ended.Where(span => span.TraceId == message!.TraceId)];
    }

    public void Dispose() => _listener.Dispose();
}

/// <summary>Tests that listen to what is traced, or must be sure that nobody does: one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class Tracing
{
    public const string Name = "tracing";
}
