using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Limits;

namespace Skald.Server.History;

/// <summary>How fast entries may come: of one user, into one room, about one message.</summary>
internal sealed class EntryRates(IOptions<LogLimits> limits, TimeProvider clock) : IDraftCheck
{
    private readonly KeyedRateLimiter<long> _byUser = new(limits.Value.MessagesPerUser, burst: 2 * limits.Value.MessagesPerUser, clock);
    private readonly KeyedRateLimiter<long> _byRoom = new(limits.Value.MessagesPerRoom, burst: 2 * limits.Value.MessagesPerRoom, clock);
    private readonly KeyedRateLimiter<(long Room, long Seq)> _byMessage =
        new(limits.Value.EditsPerMessagePerMinute / 60, burst: limits.Value.EditsPerMessagePerMinute, clock);

    /// <summary>Counts a draft.</summary>
    /// <remarks>
    /// What comes too fast may repeat what is stored. The log knows, and it is asked in the order of all that is sent: so a refusal is
    /// true.
    /// </remarks>
    public ValueTask<ChatError?> CheckAsync(Draft draft)
    {
        // What is refused already is not counted: of a room that must stay unseen no rate may tell.
        var tooFast = draft.Refusal is null ? Count(draft) : null;
        if (tooFast is null || draft.ClientMessageId is null)
            return new(tooFast);
        draft.RefuseUnlessStored(tooFast);
        return default;
    }

    private ChatError? Count(Draft draft)
    {
        if (!_byUser.TryTake(draft.Sender.Id, out var wait))
            return Limited("You send too many messages", wait, draft);
        if (!_byRoom.TryTake(draft.Room.Id, out wait))
            return Limited("Everybody together sends too many messages", wait, draft);
        if (draft.Command is EditCommand edit && !_byMessage.TryTake((draft.Room.Id, edit.Target), out wait))
            return Limited("This message is edited too often", wait, draft);
        return null;
    }

    private static ChatError Limited(string what, TimeSpan wait, Draft draft) =>
        TokenBucket.Refusal(what, wait) with { Room = draft.Room.Name };
}
