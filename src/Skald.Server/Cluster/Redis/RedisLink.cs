using StackExchange.Redis;

namespace Skald.Server.Cluster.Redis;

/// <summary>A connection to Redis that publishes and subscribes.</summary>
/// <remarks>It holds the multiplexer: the runtime collects one that nobody holds, and its subscriptions end without a word.</remarks>
internal sealed class RedisLink(ConnectionMultiplexer connection, RedisChannel channel) : IBusLink
{
    private readonly ISubscriber _subscriber = connection.GetSubscriber();

    public async Task ListenAsync(Action<string> received, Action<Exception?> ended)
    {
        // Of several servers one may be away all the time: what was never connected cannot end.
        connection.ConnectionFailed += (_, e) =>
        {
            if (e.FailureType != ConnectionFailureType.UnableToConnect)
                ended(e.Exception);
        };
        var queue = await _subscriber.SubscribeAsync(channel);
        queue.OnMessage(message => received(message.Message.ToString()));
    }

    public Task PublishAsync(string payload) => _subscriber.PublishAsync(channel, payload);

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
