using Skald.Protocol;
using Skald.Server.Cluster;
using Skald.Server.Delivery;
using Skald.Server.History;

namespace Skald.Server;

/// <summary>The way of a message, from its sender to its readers:</summary>
/// <remarks>
/// <code>socket in -> authorise -> append (durable, sequenced) -> announce -> fan out -> socket out</code>
/// Commands bring a <see cref="Draft"/> in: socket in, step 1, is their caller's. The numbers are those of ARCHITECTURE.md; each is a
/// folder, and none looks back. An ack means that the message is on disk, and so does every reader's copy: both come after step 3.
/// </remarks>
internal sealed class MessagePipeline(
    MayWrite mayWrite,
    EntryRates rates,
    NodeWatch watch,
    RoomLog log,
    IAnnouncements announcements,
    RoomFeeds feeds,
    DeliveryThread delivery,
    SignalFanOut signals,
    LogMetrics metrics,
    IEnumerable<LogFollower> followers)
{
    private readonly LogFollower[] _followers = [.. followers];

    /// <summary>2: what may refuse a draft before it is stored, in this order. The cheap and the certain come first.</summary>
    private readonly IDraftCheck[] _checks = [watch, mayWrite, rates];

    /// <summary>Sends a message on its way. The draft is told how it ended, exactly once.</summary>
    /// <remarks>Waits only where a check does; what one caller publishes in a room, each after the other, keeps its order.</remarks>
    public async ValueTask PublishAsync(Draft draft)
    {
        draft.Trace = MessageTrace.Begin(draft);
        ChatError? refusal = null;
        foreach (var check in _checks)                             // 2 authorise: Rooms, and what else may refuse
            refusal ??= await check.CheckAsync(draft);
        refusal ??= log.TryAppend(draft);                          // 3 append: History, on disk with its seq
        if (refusal is null)
            return;
        metrics.Refused(refusal.Code);
        draft.Refuse(refusal);
    }

    public async Task StartAsync()
    {
        delivery.Start();
        await log.StartAsync(delivery.CommitSlotAsync, OnCommitted, feeds.Has);
        foreach (var follower in _followers)
            follower.Start();
        announcements.Start(new Heard(log.Heard, watch.Look, signals.Hear));
        watch.Start();
    }

    /// <summary>Stores, delivers and answers everything that was published, then ends.</summary>
    public async Task StopAsync()
    {
        await watch.StopAsync();
        await log.StopAsync();
        await delivery.StopAsync();
        foreach (var follower in _followers)
            await follower.StopAsync();
        await announcements.StopAsync();
    }

    /// <summary>On the log's loop, in the order of the whole log: what is in the batch is on disk.</summary>
    private void OnCommitted(Batch batch)
    {
        if (batch is { Span: { } span } && batch.Found < batch.Count)
            announcements.Grown(span.Last);                        // 4 announce: to the other nodes, each of which reads it,
        if (batch.Count > 0)
            delivery.Announce(batch);                              //   and to the delivery thread; there
                                                                   // 5 fan out: RoomFeed, once encoded, to each cursor
                                                                   // 6 socket out: Outbound; and the ack, Draft.Complete
        foreach (var follower in _followers)
            follower.Wake(batch);
    }
}
