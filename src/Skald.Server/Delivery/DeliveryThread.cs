using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Delivery;

/// <summary>Fans committed batches out, in commit order, on a thread of its own: meanwhile the next batch is on its way to disk.</summary>
/// <remarks>
/// What was committed during one fan-out goes out together in the next: with many readers a fan-out takes longer than a commit, and
/// then each reader gets one write for several batches.
/// </remarks>
internal sealed partial class DeliveryThread(RoomFeeds feeds, DeliveryMetrics metrics, ILogger<DeliveryThread> logger) : IDisposable
{
    /// <summary>Batches that may wait. When they do, the log waits too, and senders are answered <c>overloaded</c> in time.</summary>
    private const int MaxWaiting = 16;

    private readonly BlockingCollection<IReadOnlyList<Draft>> _batches = new(MaxWaiting);
    private readonly List<Draft> _committed = [];
    private readonly Dictionary<Room, List<Draft>> _byRoom = [];
    private readonly BatchEncoder _encoder = new();
    private Thread? _thread;

    public void Start()
    {
        _thread = new Thread(Run) { Name = "delivery", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Hands over a batch that is on disk. Waits only while delivery is that far behind.</summary>
    public void Announce(IReadOnlyList<Draft> batch) => _batches.Add(batch);

    /// <summary>Delivers what was announced, then ends.</summary>
    public void Stop()
    {
        _batches.CompleteAdding();
        _thread?.Join();
    }

    public void Dispose()
    {
        Stop();
        _batches.Dispose();
        _encoder.Dispose();
    }

    private void Run()
    {
        foreach (var batch in _batches.GetConsumingEnumerable())
        {
            _committed.AddRange(batch);
            while (_batches.TryTake(out var next))
                _committed.AddRange(next);
            try
            {
                Deliver();
            }
            catch (Exception e)
            {
                // The messages are in the log, and a feed that misses them reads them there.
                Log.NotDelivered(logger, _committed.Count, e);
                _encoder.Clear();
            }
            finally
            {
                _byRoom.Clear();
            }

            foreach (var draft in _committed)
            {
                draft.Complete(refusal: null);
                draft.Trace?.End();
            }

            metrics.Acked(_committed.Count);
            _committed.Clear();
        }
    }

    private void Deliver()
    {
        foreach (var draft in _committed)
        {
            draft.Trace?.Step("deliver");
            // A duplicate was delivered when it was stored.
            if (draft.Duplicate)
                continue;
            if (!_byRoom.TryGetValue(draft.Room, out var drafts))
                _byRoom.Add(draft.Room, drafts = []);
            drafts.Add(draft);
        }

        var deliveries = 0L;
        foreach (var (room, drafts) in _byRoom)
            deliveries += feeds.Deliver(room, CollectionsMarshal.AsSpan(drafts), _encoder);
        metrics.Delivered(deliveries);
    }

    private static partial class Log
    {
        [LoggerMessage(3000, LogLevel.Error, "{Count} messages were not delivered live")]
        public static partial void NotDelivered(ILogger logger, int count, Exception cause);
    }
}
