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

    /// <summary>
    /// The commit slot is given on the delivery thread, in the middle of a fan-out, and the database answers at once, page by page: the
    /// log's loop would wait there for room for the second page, which the same thread makes.
    /// </summary>
    [Fact]
    public async Task Pages_of_what_others_stored_do_not_wait_for_the_thread_that_takes_them()
    {
        using var fannedOut = new ManualResetEventSlim();
        var reader = TestOutbound.Of(new Writer(fails: false) { Waits = fannedOut });
        var subscription = new Subscription(reader, _room, Dialect.Entries);
        subscription.StartAt(_feeds.Register(subscription));
        reader.Start(subscription);
        var others = new OthersLog(new Room(2, "theirs", 1, 0));
        var log = ModelLog.Of(new ModelStore(), followed: others);
        using var delivery = NewThread();
        delivery.Start();
        await log.StartAsync(delivery.CommitSlotAsync, delivery.Announce, _ => true);
        var own = new TestDraft(_room, "x", null);
        own.StoreAs(1, default);
        delivery.Announce(new Batch([own]));

        others.End = 2_500;
        log.Heard(others.End);
        fannedOut.Set();

        Assert.True(await log.CatchUpAsync());
        await log.StopAsync().Within();
        await delivery.StopAsync().Within();
    }

    /// <param name="early">Whether the log asks before the first of them begins, or in the middle of it.</param>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Log_waits_for_all_batches_that_the_delivery_thread_has_not_begun(bool early)
    {
        var pace = new Pace();
        pace.Announced();
        pace.Announced();
        var slot = early ? pace.CommitSlotAsync(commit: 0) : null;
        pace.Begin(offers: 1);

        slot ??= pace.CommitSlotAsync(commit: 0);
        pace.Step();
        pace.End();
        Assert.False(slot.IsCompleted);
        pace.Begin(offers: 0);
        pace.End();

        await slot.Within();
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

        public ManualResetEventSlim? Waits { get; init; }

        public int TryWrite(ReadOnlySpan<byte> bytes)
        {
            Waits?.Wait(Deadline.Token());
            WasWritten = true;
            return fails ? throw new InvalidOperationException("out of the blue") : bytes.Length;
        }

        public ValueTask<int> WriteAsync(ReadOnlyMemory<byte> bytes) => new(bytes.Length);
    }

    /// <summary>What other nodes have stored in one room: each read of it ends at once.</summary>
    private sealed class OthersLog(Room room) : IFollowedLog
    {
        public long End { get; set; }

        public bool IsShared => true;

        public Task<LogPosition> ReadAsync(LogSelection selection, LogVisitor visit)
        {
            var last = Math.Min(End, selection.After + selection.Most);
            _ = selection.Wants?.Invoke(new LogRun(selection.After + 1, room, selection.After + 1, last));
            for (var seq = selection.After + 1; seq <= last; seq++)
            {
                visit(room, seq, LogEntry.Of(new ChatMessage
                {
                    Room = room.Name,
                    Seq = seq,
                    Username = "bob"u8,
                    Text = "x"u8,
                    Timestamp = default,
                }));
            }

            return Task.FromResult(new LogPosition(last, End));
        }

        public Task<long> FindEndAsync() => Task.FromResult(End);

        public Task<long> FindPositionAsync(string follower) => Task.FromResult(0L);

        public Task KeepPositionAsync(string follower, long position) => Task.CompletedTask;
    }

    private DeliveryThread NewThread() => new(_feeds, new DeliveryMetrics(new Telemetry(), _feeds), NullLogger<DeliveryThread>.Instance);
}
