using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server;

/// <summary>The way of a message, from whoever sends it to everyone who reads it:</summary>
/// <remarks>
/// <code>socket in -> authorise -> append (durable, sequenced) -> announce -> fan out -> socket out</code>
/// Connections and HTTP bring a <see cref="Draft"/> in. The numbers below are the steps; each is a folder, and none looks back.
/// An ack means that the message is on disk, and so does every reader's copy: both come after step 2.
/// </remarks>
internal sealed class MessagePipeline
{
    private readonly RoomAuthorizer _authorizer;
    private readonly RoomLog _log;
    private readonly DeliveryThread _delivery;
    private readonly LogMetrics _metrics;

    public MessagePipeline(RoomAuthorizer authorizer, RoomLog log, DeliveryThread delivery, LogMetrics metrics)
    {
        (_authorizer, _log, _delivery, _metrics) = (authorizer, log, delivery, metrics);
        log.TurnAsync = delivery.TurnAsync;
        log.Announce = delivery.Announce;                                              // 3 announce: in commit order, to delivery,
    }                                                                                  // 4 fan out: RoomFeed, once encoded, to each cursor,
                                                                                       // 5 socket out: Outbound; and the ack, Draft.Complete

    /// <summary>Sends a message on its way. The draft is told how it ended, exactly once.</summary>
    /// <remarks>Waits for nothing; what one caller publishes in a room keeps its order.</remarks>
    public void Publish(Draft draft)
    {
        draft.Trace = MessageTrace.Begin(draft);
        var refusal = _authorizer.Check(draft.Sender, draft.Room, RoomAction.Send)     // 1 authorise: Rooms
            ?? _log.TryAppend(draft);                                                  // 2 append: History, on disk with its seq
        if (refusal is null)
            return;
        _metrics.Refused(refusal.Code);
        draft.Refuse(refusal);
    }

    public void Start()
    {
        _delivery.Start();
        _log.Start();
    }

    /// <summary>Stores, delivers and answers everything that was published, then ends.</summary>
    public async Task StopAsync()
    {
        await _log.StopAsync();
        await _delivery.StopAsync();
    }
}
