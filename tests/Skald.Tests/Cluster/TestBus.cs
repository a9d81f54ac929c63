using Skald.Server.Cluster;

namespace Skald.Tests.Cluster;

/// <summary>A bus of which a test sees what goes over it, and can spoil what comes.</summary>
internal sealed class TestBus(IBus bus) : IBus
{
    private int _opened, _published, _received;

    public int Opened => Volatile.Read(ref _opened);

    public int Published => Volatile.Read(ref _published);

    /// <summary>Payloads that came, of whatever node, whether they were swallowed or not.</summary>
    public int Received => Volatile.Read(ref _received);

    /// <summary>What comes in place of a payload. Nothing is as behind a pooler: all is taken, and nothing comes.</summary>
    public Func<string, IEnumerable<string>> Brings { get; set; } = AsItIs;

    public static IEnumerable<string> AsItIs(string payload) => [payload];

    public static IEnumerable<string> Nothing(string _) => [];

    public string Place => bus.Place;

    public int MostBytes => bus.MostBytes;

    public async Task<IBusLink> OpenAsync(Action<string> received, Action<Exception?> ended)
    {
        var link = await bus.OpenAsync(
            payload =>
            {
                foreach (var brought in Brings(payload))
                    received(brought);
                Interlocked.Increment(ref _received);
            },
            ended);
        Interlocked.Increment(ref _opened);
        return new Link(this, link);
    }

    private sealed class Link(TestBus bus, IBusLink link) : IBusLink
    {
        public async Task PublishAsync(string payload)
        {
            await link.PublishAsync(payload);
            Interlocked.Increment(ref bus._published);
        }

        public ValueTask DisposeAsync() => link.DisposeAsync();
    }
}
