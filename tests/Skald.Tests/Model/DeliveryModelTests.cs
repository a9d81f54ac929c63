using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.Model;

/// <summary>
/// The log and its delivery against a model in which a room is a list: random histories of sends, joins, leaves and resumes, over
/// sockets that take any number of bytes at any time. All of it on one thread, so that every failure can be replayed and shrunk.
/// </summary>
public sealed class DeliveryModelTests
{
    private const int Readers = 3, Rooms = 2;

    private static readonly Gen<Step> Steps =
        from what in Gen.Frequency([.. Weights.Select(w => (w.Weight, Gen.Constant(w.What)))])
        from reader in Gen.Choose(0, Readers - 1)
        from room in Gen.Choose(0, Rooms - 1)
        from amount in Gen.Frequency((3, Gen.Choose(0, 12)), (2, Gen.Choose(0, 300)), (1, Gen.Choose(0, 3000)))
        select new Step(what, reader, room, amount);

    private static (int Weight, What What)[] Weights =>
    [
        (10, What.Send), (2, What.SendAgain), (10, What.Deliver), (1, What.MissDelivery), (5, What.JoinHead), (4, What.Resume),
        (2, What.Leave),
        (12, What.Widen), (4, What.EndRead), (4, What.Ask), (4, What.Hold), (3, What.Flush), (1, What.FailRead), (1, What.Break),
        (1, What.Close),
    ];

    internal enum What
    {
        Send,
        SendAgain,
        Deliver,
        MissDelivery,
        JoinHead,
        Resume,
        Leave,
        Widen,
        EndRead,
        Ask,
        Hold,
        Flush,
        FailRead,
        Break,
        Close,
        JoinInTheWrongOrder,
    }

    [Fact]
    public void Every_reader_receives_the_log_after_its_cursor_whatever_its_socket_takes()
    {
        var seed = Seed.Next(nameof(Every_reader_receives_the_log_after_its_cursor_whatever_its_socket_takes));
        Run(seed, Seed.Count(3_000, 100_000), Steps);
    }

    [Fact]
    public void Wrong_join_order_is_found()
    {
        var wrong = Gen.Frequency(
            (9, Steps),
            (1, Gen.Choose(0, Readers - 1).Select(reader => new Step(What.JoinInTheWrongOrder, reader, 0, 0))));

        Assert.ThrowsAny<Exception>(() => Run(Seed.Next(nameof(Wrong_join_order_is_found)), 1_000, wrong));
    }

    private static void Run(int seed, int count, Gen<Step> steps)
    {
        var config = Config.QuickThrowOnFailure.WithMaxTest(count).WithEndSize(150).WithQuietOnSuccess(true)
            .WithReplay(new Replay(new Rnd((ulong)seed, 1), null));
        Check.One(config, Prop.ForAll(Arb.From(Gen.ListOf(steps).Select(list => list.ToArray()), Shrink), Play));
    }

    /// <summary>Fewer steps: halves first, then one less.</summary>
    private static IEnumerable<Step[]> Shrink(Step[] steps)
    {
        if (steps.Length > 1)
        {
            yield return steps[..(steps.Length / 2)];
            yield return steps[(steps.Length / 2)..];
        }

        for (var i = 0; i < steps.Length; i++)
            yield return [.. steps[..i], .. steps[(i + 1)..]];
    }

    private static void Play(Step[] steps)
    {
        var limits = new DeliveryLimits { MessagesBehind = 12, BytesBehind = 4_000, AnswerBytesBehind = 1_024, TailBytes = 600 };
        using var world = new World(limits, new LogLimits { MessagesPerBatch = 4 });
        foreach (var step in steps)
            world.Take(step);
        world.Settle();
    }

    internal readonly record struct Step(What What, int Reader, int Room, int Amount)
    {
        public override string ToString() => $"{What} r{Reader} {Room} {Amount}";
    }

    private sealed class World : IDisposable
    {
        private readonly ModelStore _store = new();
        private readonly RoomLog _log;
        private readonly RoomFeeds _feeds;
        private readonly BatchEncoder _encoder = new();
        private readonly Room[] _rooms = [.. Enumerable.Range(0, Rooms).Select(n => new Room(n, $"room{n}", 1, 0))];
        private readonly ModelReader[] _readers;
        private readonly Queue<Batch> _announced = [];
        private readonly Dictionary<string, List<string>> _model;   // the whole model: a room is a list
        private bool _readsFailed;

        public World(DeliveryLimits limits, LogLimits log)
        {
            var options = Options.Create(limits);
            _log = ModelLog.Of(_store, log);
            _feeds = new RoomFeeds(options);
            _readers = [.. Enumerable.Range(0, Readers).Select(_ => new ModelReader(_feeds, _log, limits))];
            _model = _rooms.ToDictionary(room => room.Name, _ => new List<string>(), StringComparer.Ordinal);
            Assert.True(_log.StartAsync(_ => Task.CompletedTask, _announced.Enqueue, _ => true).IsCompletedSuccessfully);
        }

        public void Take(Step step)
        {
            var (reader, room) = (_readers[step.Reader], _rooms[step.Room]);
            var log = _model[room.Name];
            switch (step.What)
            {
                case What.Send:
                    Send(room, $"{log.Count + 1} {new string('x', step.Amount % 700)}");
                    break;
                case What.SendAgain when log.Count > 0:
                    _log.TryAppend(new TestDraft(room, "another text", $"{room.Name} {(step.Amount % log.Count) + 1}"));
                    break;
                case What.Deliver:
                    Deliver(1 + step.Amount % 4);
                    break;
                case What.MissDelivery:
                    _announced.TryDequeue(out _);
                    break;
                case What.JoinHead:
                    reader.Join(room, since: null);
                    break;
                case What.Resume:
                    reader.Join(room, step.Amount % (log.Count + 1));
                    break;
                case What.Leave:
                    reader.Leave(room);
                    break;
                case What.Widen:
                    reader.Socket.Widen(step.Amount);
                    break;
                case What.EndRead:
                    _store.EndRead();
                    break;
                case What.FailRead:
                    _readsFailed |= _store.EndRead(fail: true);
                    break;
                case What.Ask:
                    reader.Ask(step.Amount % 1_500);
                    break;
                case What.Hold:
                    reader.Hold(step.Amount % 1_500);
                    break;
                case What.Flush:
                    reader.Flush();
                    break;
                case What.Break:
                    reader.Break();
                    break;
                case What.Close:
                    reader.Close(CloseCode.Drain);
                    break;
                case What.JoinInTheWrongOrder:
                    reader.Join(room, since: null, () =>
                    {
                        Send(room, "between");
                        DeliverAll();
                    });
                    break;
            }
        }

        /// <summary>Everything that waits goes its way, and then everybody must have everything.</summary>
        public void Settle()
        {
            DeliverAll();
            // A batch that delivery missed is noticed with the next.
            foreach (var room in _rooms)
                Send(room, "last");
            _store.Open = true;
            foreach (var reader in _readers)
                reader.Flush();
            do
            {
                DeliverAll();
                foreach (var reader in _readers)
                    reader.Socket.Widen(1L << 40);
            }
            while (_store.EndRead());

            foreach (var reader in _readers)
            {
                reader.Judge(_model);
                Assert.DoesNotContain(CloseCode.PositionLost, reader.Closes);
                Assert.True(_readsFailed || !reader.Closes.Contains(CloseCode.ServerError));
            }
        }

        public void Dispose() => _encoder.Dispose();

        private void Send(Room room, string text)
        {
            var log = _model[room.Name];
            log.Add(text);
            Assert.Null(_log.TryAppend(new TestDraft(room, text, $"{room.Name} {log.Count}")));
            Assert.Equal(log.Count, room.LastSeq);
        }

        private void DeliverAll()
        {
            while (Deliver())
            {
            }
        }

        /// <summary>
        /// As the delivery thread does. What the log stored one by one goes out together, as if it had been stored together.
        /// </summary>
        private bool Deliver(int most = 1)
        {
            var batch = new List<Draft>();
            while (most-- > 0 && _announced.TryDequeue(out var stored))
                batch.AddRange(stored);
            if (batch.Count == 0)
                return false;
            foreach (var drafts in batch.Where(draft => draft.End == DraftEnd.Stored).GroupBy(draft => draft.Room))
                _feeds.Accept(drafts.Key, drafts.ToArray(), _encoder)?.Deliver(new Pace(), failed => throw failed);
            return true;
        }
    }
}
