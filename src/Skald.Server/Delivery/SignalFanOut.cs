using System.Buffers;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Cluster;
using Skald.Server.Limits;
using Skald.Server.Rooms;

namespace Skald.Server.Delivery;

/// <summary>Passes signals on: beside the log, on the sender's thread, to each socket that is free at that moment.</summary>
/// <remarks>The sender's read loop goes on when all readers were offered it, so signals of one sender stay in order.</remarks>
internal sealed partial class SignalFanOut(
    RoomDirectory rooms, RoomFeeds feeds, IAnnouncements announcements, IOptions<DeliveryLimits> limits, TimeProvider clock,
    ILogger<SignalFanOut> logger)
{
    /// <summary>Counts a signal into a room, on the node of its sender.</summary>
    /// <returns>Why it may not be passed on, or null.</returns>
    public ChatError? Count(RoomFeed feed)
    {
        if (IsTooLarge(feed))
        {
            return new ChatError(
                ErrorCode.SignalsOff, $"More than {limits.Value.SignalSockets} sockets are in the room: nothing is signaled there.");
        }

        return feed.TryTakeSignal(limits.Value.SignalsPerRoom, clock, out var wait)
            ? null
            : TokenBucket.Refusal("Everybody together sends too many signals", wait);
    }

    /// <summary>Passes a signal on that came from a socket of this node: to readers here, and on the other nodes.</summary>
    /// <param name="frame">A whole WebSocket frame, the same bytes for all; nobody changes it any more.</param>
    public void Pass(RoomFeed feed, ReadOnlyMemory<byte> frame)
    {
        Offer(feed, frame);
        announcements.Signal(feed.Room.Name, frame);
    }

    /// <summary>Takes in a signal that came from a socket of another node, which has counted it.</summary>
    public void Hear(string room, ReadOnlyMemory<byte> frame)
    {
        if (rooms.TryGet(room, out var known) && feeds.Find(known) is { } feed && !IsTooLarge(feed))
            Offer(feed, frame);
    }

    private bool IsTooLarge(RoomFeed feed) => limits.Value.SignalSockets is var most and > 0 && feed.Readers > most;

    private void Offer(RoomFeed feed, ReadOnlyMemory<byte> frame)
    {
        var readers = feed.RentReaders();
        foreach (var reader in readers)
        {
            if (reader.Dialect != Dialect.Signals)
                continue;
            try
            {
                reader.Outbound.OfferSignal(reader, frame);
            }
            catch (Exception e)
            {
                // Else one reader's fault would end the sender's connection.
                Log.NotOffered(logger, e);
            }
        }

        ArrayPool<Subscription>.Shared.Return(readers.Array!, clearArray: true);
    }

    private static partial class Log
    {
        [LoggerMessage(3003, LogLevel.Error, "One reader was not offered a signal")]
        public static partial void NotOffered(ILogger logger, Exception cause);
    }
}
