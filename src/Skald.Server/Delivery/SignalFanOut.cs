using System.Buffers;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Limits;

namespace Skald.Server.Delivery;

/// <summary>Passes signals on: beside the log, on the sender's thread, to each socket that is free at that moment.</summary>
/// <remarks>The sender's read loop goes on when all readers were offered it, so signals of one sender stay in order.</remarks>
internal sealed partial class SignalFanOut(IOptions<DeliveryLimits> limits, TimeProvider clock, ILogger<SignalFanOut> logger)
{
    /// <summary>Counts a signal into a room.</summary>
    /// <returns>Why it may not be passed on, or null.</returns>
    public ChatError? Count(RoomFeed feed)
    {
        if (limits.Value.SignalSockets is var most and > 0 && feed.Readers > most)
            return new ChatError(ErrorCode.SignalsOff, $"More than {most} sockets are in the room: nothing is signaled there.");
        return feed.TryTakeSignal(limits.Value.SignalsPerRoom, clock, out var wait)
            ? null
            : TokenBucket.Refusal("Everybody together sends too many signals", wait);
    }

    /// <param name="frame">A whole WebSocket frame, the same bytes for all; nobody changes it any more.</param>
    public void Offer(RoomFeed feed, ReadOnlyMemory<byte> frame)
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
