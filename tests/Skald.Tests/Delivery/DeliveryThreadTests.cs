using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server;
using Skald.Server.Cluster;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Rooms;
using Skald.Server.Transport;
using Skald.Tests.Harness;
using Skald.Tests.Model;

namespace Skald.Tests.Delivery;

/// <summary>What the delivery thread owes the log, whatever becomes of a batch.</summary>
public sealed class DeliveryThreadTests
{
    private readonly Room _room = new(1, "room", 1, 0);
    private readonly RoomFeeds _feeds = new(Options.Create(new DeliveryLimits()));

    [Fact]
    public async Task Batch_that_cannot_be_encoded_does_not_hold_up_the_log()
    {
        var socket = new ModelSocket();
        var reader = TestOutbound.Of(socket);
        _feeds.Register(new Subscription(reader, _room, Dialect.Entries));
        using var delivery = NewThread();
        delivery.Start();
        var broken = new TestDraft(_room, "x", id: new string('i', 10_000));
        broken.StoreAs(1, default);

        delivery.Announce(new Batch([broken]));

        await delivery.CommitSlotAsync(commit: 0).Within();
    }

    [Fact]
    public async Task Sender_that_cannot_be_told_keeps_no_other_from_its_ack()
    {
        using var delivery = NewThread();
        delivery.Start();
        var acked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var deaf = new TestDraft(_room, "x", null, _ => throw new InvalidOperationException("gone"));
        var other = new TestDraft(_room, "y", null, _ => acked.SetResult());
        deaf.StoreAs(1, default);
        other.StoreAs(2, default);

        delivery.Announce(new Batch([deaf, other]));

        await acked.Task.Within();
        await delivery.StopAsync().Within();
    }

    [Fact]
    public async Task Reader_whose_socket_fails_as_none_should_keeps_no_other_from_the_message()
    {
        var (broken, sound) = (new Writer(fails: true), new Writer(fails: false));
        foreach (var writer in new[] { broken, sound })
        {
            var reader = TestOutbound.Of(writer);
            var subscription = new Subscription(reader, _room, Dialect.Entries);
            subscription.StartAt(_feeds.Register(subscription));
            reader.Start(subscription);
        }

        using var delivery = NewThread();
        delivery.Start();
        var draft = new TestDraft(_room, "x", null);
        draft.StoreAs(1, default);

        delivery.Announce(new Batch([draft]));

        await delivery.StopAsync().Within();
        Assert.True(broken.WasWritten && sound.WasWritten);
    }

    /// <remarks>
    /// The store completes at once, so the log's loop goes on upon the delivery thread, and ends there: whoever then waited for that
    /// thread on it would wait for ever.
    /// </remarks>
    [Fact]
    public async Task Stop_that_goes_on_upon_the_delivery_thread_does_not_wait_for_itself()
    {
        for (var round = 0; round < 20; round++)
        {
            var log = ModelLog.Of(new ModelStore());
            using var delivery = NewThread();
            var metrics = new LogMetrics(new Telemetry());
            var feeds = new RoomFeeds(Options.Create(new DeliveryLimits()));
            var signals = new SignalFanOut(
                rooms: null!, feeds, new NoAnnouncements(), Options.Create(new DeliveryLimits()), TimeProvider.System,
                NullLogger<SignalFanOut>.Instance);
            var pipeline = new MessagePipeline(
                mayWrite: null!,
                rates: null!,
                new NodeWatch(
                    log, database: null!, new Telemetry(), new Readiness(), TimeProvider.System, NullLogger<NodeWatch>.Instance),
                log,
                new NoAnnouncements(),
                feeds,
                delivery,
                signals,
                metrics,
                followers: []);
            await pipeline.StartAsync();
            for (var n = 0; n < 100; n++)
                Assert.Null(log.TryAppend(new TestDraft(_room, "x", null)));

            await pipeline.StopAsync().Within();
        }
    }

    [Fact]
    public async Task Log_that_ends_by_a_fault_refuses_what_waits_and_stops_the_server()
    {
        var readiness = new Readiness();
        readiness.TakeBack(NotReadyReasons.Starting);
        var host = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.ApplicationStopping.Register(stopping.SetResult);
        var log = ModelLog.Of(new ModelStore(), readiness: readiness, host: host);
        await log.StartAsync(_ => Task.CompletedTask, _ => throw new InvalidOperationException("a fault"), _ => true);

        log.TryAppend(new TestDraft(_room, "x", null));

        await stopping.Task.Within();
        Assert.Equal("log_ended", readiness.NotReadyBecause);
        Assert.Equal(ErrorCode.ShuttingDown, log.TryAppend(new TestDraft(_room, "y", null))!.Code);
        await log.StopAsync().Within();
    }

    private sealed class Writer(bool fails) : ISocketWriter
    {
        public bool WasWritten { get; private set; }

        public int TryWrite(ReadOnlySpan<byte> bytes)
        {
            WasWritten = true;
            return fails ? throw new InvalidOperationException("out of the blue") : bytes.Length;
        }

        public ValueTask<int> WriteAsync(ReadOnlyMemory<byte> bytes) => new(bytes.Length);
    }

    private DeliveryThread NewThread() => new(_feeds, new DeliveryMetrics(new Telemetry(), _feeds), NullLogger<DeliveryThread>.Instance);
}
