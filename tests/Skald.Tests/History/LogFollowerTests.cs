using Microsoft.Extensions.Logging.Abstractions;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Identity;
using Skald.Server.Operations;
using Skald.Server.Rooms;
using Skald.Tests.Harness;
using Skald.Tests.Storage;

namespace Skald.Tests.History;

/// <summary>
/// A follower that is killed at any moment, or whose work fails, does everything at least once, and in the order of each room.
/// </summary>
public sealed class LogFollowerTests : IDisposable
{
    private const int Messages = 1_200;

    private readonly SqliteStores _sqlite = new();
    private CurrentUser _ann;

    public void Dispose() => _sqlite.Dispose();

    [Fact]
    public async Task Follower_that_is_killed_at_any_moment_misses_nothing()
    {
        var stores = await FillAsync();

        var done = await FollowWithKillsAsync(stores.Followed);

        AssertWhole(done);
    }

    /// <summary>The negative control: the position is kept before the work is done.</summary>
    [Fact]
    public async Task Position_that_is_kept_before_the_work_is_done_is_seen_to_lose_entries()
    {
        var stores = await FillAsync();

        var done = await FollowWithKillsAsync(new KeepsFirst(stores.Followed));

        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertWhole(done));
    }

    [Fact]
    public async Task Work_that_fails_is_tried_again_after_pauses_that_grow_and_everything_follows()
    {
        var stores = await FillAsync();
        var clock = new FakeClock();
        using var follower = new Follower(new Mortal(stores.Followed), clock, work: int.MaxValue, fails: true);
        follower.Start();

        foreach (var pause in new[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            await Deadline.UntilAsync(() => clock.IsAwaited(TimeSpan.FromSeconds(pause)), "it waits");
            var attempts = follower.Attempts;
            clock.Advance(TimeSpan.FromSeconds(pause - 0.1));
            Assert.Equal(attempts, follower.Attempts);
            clock.Advance(TimeSpan.FromSeconds(0.1));
            await Deadline.UntilAsync(() => follower.Attempts == attempts + 1, "it tries again");
        }

        follower.Fails = false;
        clock.Advance(TimeSpan.FromMinutes(1));
        await Deadline.UntilAsync(() => follower.Done.Count >= Messages, "all of it is done");
        await follower.StopAsync().Within();
        AssertWhole(follower.Done);
        Assert.Equal(Messages, await stores.Followed.FindPositionAsync(Follower.Name));
    }

    [Fact]
    public async Task Follower_holds_one_page_however_far_behind_it_is()
    {
        var stores = await FillAsync();
        using var follower = new Follower(new Mortal(stores.Followed), TimeProvider.System, work: int.MaxValue, fails: false);

        follower.Start();

        await Deadline.UntilAsync(() => follower.Done.Count >= Messages, "all of it is done");
        await follower.StopAsync().Within();
        Assert.Equal(LogFollower.PageEntries, follower.MostTaken);
    }

    [Fact]
    public async Task Commit_wakes_a_follower_that_has_nothing_to_do()
    {
        var stores = await FillAsync();
        using var follower = new Follower(new Mortal(stores.Followed), TimeProvider.System, work: int.MaxValue, fails: false);
        follower.Start();
        await Deadline.UntilAsync(() => follower.Done.Count == Messages, "all of it is done");

        var room = (await stores.Rooms.FindAsync("a"))!;
        var batch = new Batch([new TestDraft(room, "x")]);
        await stores.Messages.AppendAsync(batch);
        await Task.Yield();
        follower.Wake(batch);

        await Deadline.UntilAsync(() => follower.Done.Count == Messages + 1, "the new one is done");
        await follower.StopAsync().Within();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_wants_changes_only_reads_nothing_for_messages_and_misses_no_change_among_them(bool storeTellsPlaces)
    {
        var stores = await FillAsync();
        var room = (await stores.Rooms.FindAsync("a"))!;
        var clock = new FakeClock();
        var log = new Mortal(stores.Followed);
        using var follower = new Follower(log, clock, work: int.MaxValue, fails: false, changesOnly: true);
        follower.Start();
        await Deadline.UntilAsync(() => clock.IsAwaited(TimeSpan.FromMinutes(1)), "it has come to the end, and rests");
        var reads = log.Reads;

        for (var n = 0; n < 20; n++)
            await CommitAsync(new TestDraft(room, "x"));
        if (!storeTellsPlaces)
        {
            await GatherAsync();
            reads++;
        }

        await CommitAsync(new TestDraft(room, _ann, new DeleteCommand(default, room.Name, 1, null)));
        await GatherAsync();
        await Deadline.UntilAsync(() => follower.Done.Count == 1, "the delete is done");
        await CommitAsync(new TestDraft(room, "x"));
        await follower.StopAsync().Within();

        Assert.Equal([("a", (Messages / 2) + 21)], follower.Done);
        Assert.Equal(reads + 1, log.Reads);
        Assert.Equal(Messages + (storeTellsPlaces ? 22 : 21), await stores.Followed.FindPositionAsync(Follower.Name));

        async Task CommitAsync(TestDraft draft)
        {
            var batch = new Batch([draft]);
            await stores.Messages.AppendAsync(batch);
            await Task.Yield();
            if (!storeTellsPlaces)
                batch.Span = null;
            follower.Wake(batch);
        }

        async Task GatherAsync()
        {
            await Deadline.UntilAsync(() => clock.IsAwaited(LogFollower.Gather), "it is woken");
            clock.Advance(LogFollower.Gather);
        }
    }

    /// <returns>What was done, in order, by followers of which each was killed but the last.</returns>
    private static async Task<List<(string Room, long Seq)>> FollowWithKillsAsync(IFollowedLog log)
    {
        var random = new Random(20261130);
        var done = new List<(string Room, long Seq)>();
        for (var kills = 0; kills < 20; kills++)
        {
            var mortal = new Mortal(log);
            using var follower = new Follower(mortal, TimeProvider.System, work: random.Next(0, 120), fails: false);
            follower.Start();
            await Deadline.UntilAsync(() => mortal.IsDead || mortal.IsThrough, "it is killed, or has nothing to do");
            await follower.StopAsync().Within();
            done.AddRange(follower.Done);
        }

        var immortal = new Mortal(log);
        using var last = new Follower(immortal, TimeProvider.System, work: int.MaxValue, fails: false);
        last.Start();
        await Deadline.UntilAsync(() => immortal.IsThrough, "the last one has come to the end");
        await last.StopAsync().Within();
        done.AddRange(last.Done);
        return done;
    }

    /// <summary>Each entry at least once; and where a room goes on, with the next one or one that was there before.</summary>
    private static void AssertWhole(IEnumerable<(string Room, long Seq)> done)
    {
        var heads = new Dictionary<string, long> { ["a"] = 0, ["b"] = 0 };
        foreach (var (room, seq) in done)
        {
            Assert.InRange(seq, 1, heads[room] + 1);
            heads[room] = Math.Max(heads[room], seq);
        }

        Assert.Equal(Messages, heads.Values.Sum());
    }

    private async Task<Stores> FillAsync()
    {
        var stores = _sqlite.Open();
        var rooms = new[] { await stores.Rooms.CreateAsync("a", createdBy: null), await stores.Rooms.CreateAsync("b", createdBy: null) };
        var ann = (await stores.Accounts.CreateAccountAsync("ann", "", "hash", new Timestamp(1)))!;
        _ann = new CurrentUser(ann.Id, ann.Username, SessionId: 1);
        for (var n = 0; n < Messages; n += 12)
        {
            var drafts = Enumerable.Range(n, 12)
                .Select(m => rooms[m / 6 % 2])
                .Select(room => new TestDraft(room, _ann, TestDraft.Send(room, "x")));
            await stores.Messages.AppendAsync(new Batch(drafts));
            await Task.Yield();
        }

        return stores;
    }

    /// <summary>A log whose follower can be killed: from then on nothing of it reaches the disk.</summary>
    private sealed class Mortal(IFollowedLog log) : IFollowedLog
    {
        private volatile bool _dead, _through;
        private int _reads;

        public int Reads => Volatile.Read(ref _reads);

        public bool IsDead => _dead;

        /// <summary>Whether all of it was read.</summary>
        public bool IsThrough => _through;

        public void Kill() => _dead = true;

        public async Task<LogPosition> ReadAsync(LogSelection selection, LogVisitor visit)
        {
            Interlocked.Increment(ref _reads);
            var page = await Alive(() => log.ReadAsync(selection, visit));
            _through = page.Reached == selection.After;
            return page;
        }

        public bool IsShared => log.IsShared;

        public Task<long> FindEndAsync() => log.FindEndAsync();

        public Task<long> FindPositionAsync(string follower) => Alive(() => log.FindPositionAsync(follower));

        public Task KeepPositionAsync(string follower, long position) =>
            _dead ? Task.FromException(new StorageException(ErrorCode.StorageFailed)) : log.KeepPositionAsync(follower, position);

        private Task<T> Alive<T>(Func<Task<T>> ask) => _dead ? Task.FromException<T>(new StorageException(ErrorCode.StorageFailed)) : ask();
    }

    private sealed class KeepsFirst(IFollowedLog log) : IFollowedLog
    {
        public async Task<LogPosition> ReadAsync(LogSelection selection, LogVisitor visit)
        {
            var page = await log.ReadAsync(selection, visit);
            await log.KeepPositionAsync(Follower.Name, page.Reached);
            return page;
        }

        public bool IsShared => log.IsShared;

        public Task<long> FindEndAsync() => log.FindEndAsync();

        public Task<long> FindPositionAsync(string follower) => log.FindPositionAsync(follower);

        public Task KeepPositionAsync(string follower, long position) => log.KeepPositionAsync(follower, position);
    }

    /// <summary>Notes each entry, and stops short after some: killed, or by a fault.</summary>
    /// <param name="work">Entries that it does.</param>
    /// <param name="fails">Whether it does nothing at all.</param>
    private sealed class Follower(Mortal log, TimeProvider clock, int work, bool fails, bool changesOnly = false)
        : LogFollower(Name, changesOnly, log, new Telemetry(), clock, NullLogger.Instance)
    {
        public const string Name = "a test";

        private readonly List<(string Room, long Seq)> _taken = [];
        private readonly List<(string Room, long Seq)> _done = [];
        private volatile bool _fails = fails;
        private int _attempts;

        public bool Fails
        {
            set => _fails = value;
        }

        public int Attempts => Volatile.Read(ref _attempts);

        public int MostTaken { get; private set; }

        public IReadOnlyList<(string Room, long Seq)> Done
        {
            get
            {
                lock (_done)
                    return [.. _done];
            }
        }

        protected override void Begin() => _taken.Clear();

        protected override void Take(Room room, long position, in LogEntry entry)
        {
            _taken.Add((room.Name, entry.Seq));
            MostTaken = Math.Max(MostTaken, _taken.Count);
        }

        protected override Task HandleAsync(CancellationToken cancellation)
        {
            Interlocked.Increment(ref _attempts);
            if (_fails)
                throw new InvalidOperationException("It does not work.");
            foreach (var one in _taken)
            {
                lock (_done)
                {
                    if (_done.Count == work)
                    {
                        log.Kill();
                        throw new InvalidOperationException("It was killed.");
                    }

                    _done.Add(one);
                }
            }

            return Task.CompletedTask;
        }
    }
}
