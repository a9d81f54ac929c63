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
    private readonly Action<Exception> _offerFailed = e => Log.NotOffered(logger, e);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Thread? _thread;

    public void Start()
    {
        _thread = new Thread(Run) { Name = "delivery", IsBackground = true };
        _thread.Start();
    }

    /// <inheritdoc cref="Pace.CommitSlotAsync"/>
    public Task CommitSlotAsync(long commit) => _pace.CommitSlotAsync(commit);

    /// <summary>Hands over a batch that is on disk. Waits while another one does.</summary>
    public void Announce(Batch batch)
    {
        _pace.Announced();
        _slot.Put(batch);
    }

    /// <summary>Delivers what was announced, then ends.</summary>
    /// <remarks>
    /// The caller may be the delivery thread itself: the log's loop goes on upon it (<see cref="Pace.CommitSlotAsync"/>), and so does
    /// whoever awaits the loop's end. So nothing here joins the thread, and what follows goes on elsewhere.
    /// </remarks>
    public Task StopAsync()
    {
        _slot.End();
        return _thread is null ? Task.CompletedTask : _ended.Task;
    }

    /// <summary>Ends the thread of an application that is disposed of without having been stopped; it frees what it uses itself.</summary>
    public void Dispose()
    {
        _slot.End();
        if (_thread is null)
            _encoder.Dispose();
    }

    private void Run()
    {
        while (_slot.TryTake(out var batch))
        {
            Tell(batch, static draft => draft.Complete());
            Tell(batch, static draft => draft.Flush());
            metrics.Acked(batch.Count - batch.Found);
            Try(batch, () => Encode(batch));
            _pace.Begin(_fanOuts.Sum(fanOut => fanOut.Count));
            Try(batch, Deliver);
            _pace.End();
            _fanOuts.Clear();
            Tell(batch, static draft => draft.Trace?.End(draft.End == DraftEnd.Refused ? draft.Refusal : null));
        }

        _encoder.Dispose();
        _ended.SetResult();
    }

    /// <summary>
    /// Tells each draft something. One that fails keeps the others from nothing: an exception here would end the process, and the
    /// message, which is on disk and is sent again, perhaps the next one too.
    /// </summary>
    private void Tell(Batch batch, Action<Draft> what)
    {
        foreach (var draft in batch)
        {
            try
            {
                what(draft);
            }
            catch (Exception e)
            {
                Log.NotTold(logger, draft.Seq, draft.Room.Name, e);
            }
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
                // A duplicate was delivered when it was stored; nothing is to be said of the others.
                if (draft.End == DraftEnd.Stored)
                    stored.Add(draft);
            }

            if (stored.Count > 0 && feeds.Accept(stored[0].Room, CollectionsMarshal.AsSpan(stored), _encoder) is { } fanOut)
                _fanOuts.Add(fanOut);
        }
    }

    private void Deliver()
    {
        foreach (var fanOut in _fanOuts)
        {
            fanOut.Deliver(_pace, _offerFailed);
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

        [LoggerMessage(3002, LogLevel.Error, "One reader was not offered a message live")]
        public static partial void NotOffered(ILogger logger, Exception cause);

        [LoggerMessage(3001, LogLevel.Error, "The sender of message {Seq} of room {Room} could not be told of it")]
        public static partial void NotTold(ILogger logger, long seq, string room, Exception cause);
    }
}
