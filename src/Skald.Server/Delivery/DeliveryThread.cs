using System.Runtime.InteropServices;
using Skald.Server.History;

namespace Skald.Server.Delivery;

/// <summary>Fans committed batches out, in commit order, on a thread of its own: towards its end the next batch goes to disk.</summary>
internal sealed partial class DeliveryThread(RoomFeeds feeds, DeliveryMetrics metrics, ILogger<DeliveryThread> logger) : IDisposable
{
    // By its pace the log is at most a little early: then one batch waits here, and the log with it.
    private readonly BatchSlot _slot = new();
    private readonly Pace _pace = new();
    private readonly List<FanOut> _fanOuts = [];
    private readonly BatchEncoder _encoder = new();
    private Thread? _thread;

    public void Start()
    {
        _thread = new Thread(Run) { Name = "delivery", IsBackground = true };
        _thread.Start();
    }

    /// <inheritdoc cref="Pace.TurnAsync"/>
    public Task TurnAsync(long commit) => _pace.TurnAsync(commit);

    /// <summary>Hands over a batch that is on disk. Waits while another one does.</summary>
    public void Announce(Batch batch)
    {
        _pace.Announced();
        _slot.Put(batch);
    }

    /// <summary>Delivers what was announced, then ends.</summary>
    public void Stop()
    {
        _slot.End();
        _thread?.Join();
    }

    public void Dispose()
    {
        Stop();
        _encoder.Dispose();
    }

    private void Run()
    {
        while (_slot.TryTake(out var batch))
        {
            foreach (var draft in batch)
                draft.Complete(refusal: null);
            foreach (var draft in batch)
                draft.Flush();
            metrics.Acked(batch.Count);
            Try(batch, () => Encode(batch));
            _pace.Begin(_fanOuts.Sum(fanOut => fanOut.Readers.Length));
            Try(batch, Deliver);
            _pace.End();
            _fanOuts.Clear();
            foreach (var draft in batch)
                draft.Trace?.End();
        }
    }

    private void Encode(Batch batch)
    {
        var stored = new List<Draft>(batch.Count);   // of one room
        foreach (var drafts in batch.ByRoom())
        {
            stored.Clear();
            foreach (var draft in drafts)
            {
                draft.Trace?.Step("deliver");
                // A duplicate was delivered when it was stored.
                if (!draft.Duplicate)
                    stored.Add(draft);
            }

            if (stored.Count > 0 && feeds.Take(stored[0].Room, CollectionsMarshal.AsSpan(stored), _encoder) is { } fanOut)
                _fanOuts.Add(fanOut);
        }
    }

    private void Deliver()
    {
        foreach (var fanOut in _fanOuts)
        {
            fanOut.Deliver(_pace);
            metrics.Delivered(fanOut.Deliveries);
        }
    }

    private void Try(Batch batch, Action step)
    {
        try
        {
            step();
        }
        catch (Exception e)
        {
            // The messages are in the log, and a feed that misses them reads them there.
            Log.NotDelivered(logger, batch.Count, e);
            _encoder.Clear();
            _fanOuts.Clear();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(3000, LogLevel.Error, "{Count} messages were not delivered live")]
        public static partial void NotDelivered(ILogger logger, int count, Exception cause);
    }
}
