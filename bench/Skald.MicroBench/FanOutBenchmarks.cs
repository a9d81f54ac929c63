using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Rooms;
using Skald.Server.Transport;

namespace Skald.MicroBench;

/// <summary>One message to many readers, without TCP: what a delivery costs us besides send(2).</summary>
[MemoryDiagnoser]
public class FanOutBenchmarks
{
    private readonly BatchEncoder _encoder = new();
    private readonly byte[] _text = new byte[64];
    private RoomFeeds _feeds = null!;
    private Room _room = null!;
    private Letter[] _batch = null!;
    private readonly Pace _pace = new();

    [Params(100, 1_000)]
    public int Readers { get; set; }

    [GlobalSetup]
    public void Subscribe()
    {
        Array.Fill(_text, (byte)'x');
        var limits = new DeliveryLimits();
        _feeds = new RoomFeeds(Options.Create(limits));
        _room = new Room(1, "global", firstSeq: 1, lastSeq: 0);
        var log = new RoomLog(
            new NoStore(),
            new NodeCursor(null!, null!),   // nothing is stored
            Options.Create(new LogLimits()),
            new Readiness(),
            new LogMetrics(new Telemetry()),
            new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance),
            NullLogger<RoomLog>.Instance);
        for (var i = 0; i < Readers; i++)
        {
            var reader = new Outbound(
                new Sink(), log, limits, TimeProvider.System,
                failed: (code, cause) => throw new InvalidOperationException($"A reader failed: {code.Reason}.", cause), stuck: () => { });
            var subscription = new Subscription(reader, _room, Dialect.Entries);
            subscription.StartAt(_feeds.Register(subscription));
            reader.Start(subscription);
        }

        _batch = [new Letter(_room, _text)];
    }

    [Benchmark]
    public void Deliver()
    {
        _room.Reach(_room.LastSeq + 1);
        _batch[0].StoreAs(_room.LastSeq, new Timestamp(1_790_000_000_000_000));
        _feeds.Accept(_room, _batch, _encoder)?.Deliver(_pace, failed => throw failed);
    }

    /// <summary>A socket that takes everything.</summary>
    private sealed class Sink : ISocketWriter
    {
        public int TryWrite(ReadOnlySpan<byte> bytes) => bytes.Length;

        public ValueTask<int> WriteAsync(ReadOnlyMemory<byte> bytes) => new(bytes.Length);
    }

    private sealed class NoStore : IMessageStore
    {
        public string Epoch => "none";

        public Task AppendAsync(Batch batch) => Task.CompletedTask;

        public Task ReadAsync(Room room, long first, long last, EntryVisitor visit) => Task.CompletedTask;

        public Task ReadMessagesAsync(Room room, long first, long last, bool newestFirst, MessageVisitor visit) => Task.CompletedTask;
    }
}
