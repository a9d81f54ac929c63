using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Skald.Server.Cluster;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Cluster;

/// <summary>What a node of a database announces, and what it has heard.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly Announcements _announcements;
    private int _missed;

    public TestNode(IBus bus, TimeProvider? clock = null)
    {
        Bus = new TestBus(bus);
        var logger = LoggerFactory.Create(logging => logging.AddProvider(Log)).CreateLogger<Announcements>();
        _announcements = new(Bus, new AnnouncementMetrics(new Telemetry()), clock ?? TimeProvider.System, logger);
        _announcements.Start(new(Hear, () => Interlocked.Increment(ref _missed), (room, frame) => Signals.Enqueue((room, frame))));
    }

    public TestBus Bus { get; }

    /// <summary>Whether it fails each time that it is told of the log.</summary>
    public bool Faulty { get; init; }

    public CapturedLog Log { get; } = new();

    public IAnnouncements Announcements => _announcements;

    public ConcurrentQueue<long> Grown { get; } = new();

    public ConcurrentQueue<(string Room, ReadOnlyMemory<byte> Frame)> Signals { get; } = new();

    /// <summary>How often it was to look for itself: once for each connection, and for what says so.</summary>
    public int Missed => Volatile.Read(ref _missed);

    /// <returns>Once it announces and hears, and has heard itself.</returns>
    public Task OpenAsync() => Deadline.UntilAsync(() => Bus.Received > 0, "the node hears itself");

    private void Hear(long end)
    {
        Grown.Enqueue(end);
        if (Faulty)
            throw new InvalidOperationException("The node is faulty.");
    }

    public async ValueTask DisposeAsync()
    {
        await _announcements.StopAsync();
        _announcements.Dispose();
    }
}
