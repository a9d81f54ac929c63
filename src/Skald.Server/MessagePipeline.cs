using Skald.Protocol;
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
    private readonly EntryRates _rates;
    private readonly RoomLog _log;
    private readonly DeliveryThread _delivery;
    private readonly LogMetrics _metrics;

    public MessagePipeline(RoomAuthorizer authorizer, EntryRates rates, RoomLog log, DeliveryThread delivery, LogMetrics metrics)
    {
        (_authorizer, _rates, _log, _delivery, _metrics) = (authorizer, rates, log, delivery, metrics);
        log.CommitSlotAsync = delivery.CommitSlotAsync;
        log.Announce = delivery.Announce;                                              // 3 announce: in commit order, to delivery,
    }                                                                                  // 4 fan out: RoomFeed, once encoded, to each cursor,
                                                                                       // 5 socket out: Outbound; and the ack, Draft.Complete

    /// <summary>Sends a message on its way. The draft is told how it ended, exactly once.</summary>
    /// <remarks>Waits for nothing; what one caller publishes in a room keeps its order.</remarks>
    public void Publish(Draft draft)
    {
        draft.Trace = MessageTrace.Begin(draft);
        var action = draft.Kind == EntryKind.Message ? RoomAction.Send : RoomAction.Change;
        var refusal = _authorizer.Check(draft.Sender, draft.Room, action)              // 1 authorise: Rooms
            ?? Count(draft)
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

    /// <remarks>What comes too fast may repeat what is stored. The log knows, and it is asked in the order of all that is sent: so a refusal is true.</remarks>
    private ChatError? Count(Draft draft)
    {
        if (_rates.Count(draft) is not { } tooFast)
            return null;
        if (draft.ClientMessageId is null)
            return tooFast;
        draft.RefuseUnlessStored(tooFast);
        return null;
    }
}
