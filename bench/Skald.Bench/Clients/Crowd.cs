using Skald.Bench.Load;
using Skald.Bench.Machine;
using Skald.Bench.Targets;

namespace Skald.Bench.Clients;

/// <summary>The members of some rooms of one target: they enter together, and are checked together.</summary>
internal sealed class Crowd(LoadSide load, IReadOnlyList<Room> rooms)
{
    private static int _lastRoom;

    private readonly List<OpenLoop> _openLoops = [];

    public IReadOnlyList<Room> Rooms => rooms;

    private IEnumerable<RoomMember> Senders => rooms.SelectMany(room => room.Readers).Where(reader => reader.Place is not null);

    /// <summary>Fills new rooms and waits until everyone is in.</summary>
    /// <param name="load">The load side.</param>
    /// <param name="target">Where the rooms are.</param>
    /// <param name="shape">How many of what.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<Crowd> EnterAsync(LoadSide load, RunningTarget target, CrowdShape shape, CancellationToken cancellation)
    {
        var rooms = Enumerable.Range(0, shape.Rooms).Select(_ => NewRoom(target.Target, shape.SendersPerRoom)).ToList();
        foreach (var room in rooms)
        {
            for (var place = 0; place < shape.ReadersPerRoom; place++)
                room.Readers.Add(NewMember(target, room, place < shape.SendersPerRoom ? place : null, shape.TextBytes));
        }

        var crowd = new Crowd(load, rooms);
        await load.OpenAsync([.. rooms.SelectMany(room => room.Readers)], cancellation);
        return crowd;
    }

    public static Room NewRoom(Target target, int senders) => new($"bench-{++_lastRoom}", senders, target.KeepsTotalOrder);

    /// <summary>Each sender keeps so many of its messages on their way.</summary>
    public Task KeepSendingAsync(int window) => OnSendersLoopsAsync(sender => sender.KeepSending(window));

    /// <summary>All senders together send so often, at fixed times.</summary>
    /// <param name="perSecond">Sends a second.</param>
    public async Task SendAtRateAsync(double perSecond)
    {
        var all = Senders.Count();
        foreach (var group in Senders.GroupBy(sender => sender.Loop))
        {
            var senders = group.ToList();
            var interval = (long)(Clock.Second / perSecond * all / senders.Count);
            var openLoop = new OpenLoop(Clock.Now + interval, interval, senders);
            _openLoops.Add(openLoop);
            await group.Key.PostAsync(() => group.Key.Add(openLoop));
        }
    }

    /// <summary>Stops sending, waits until every reader has everything, and checks it.</summary>
    public async Task SettleAsync(CancellationToken cancellation)
    {
        foreach (var openLoop in _openLoops) openLoop.IsStopped = true;
        await OnSendersLoopsAsync(sender => sender.StopSending());
        await load.UntilAsync(() => rooms.All(room => room.IsComplete), "every reader has every message", cancellation);
        foreach (var room in rooms) room.Verify();
        load.ThrowIfFaulty();
    }

    private static RoomMember NewMember(RunningTarget target, Room room, int? place, int textBytes)
    {
        var dialect = target.Target.Dialect!;
        return new RoomMember(room, dialect, target.RoomPath(room.Name, since: 0), new OrderCheck(room.Senders))
        {
            Place = place,
            Template = place is null ? null : dialect.Message(textBytes),
        };
    }

    private async Task OnSendersLoopsAsync(Action<RoomMember> act)
    {
        foreach (var group in Senders.GroupBy(sender => sender.Loop))
        {
            var senders = group.ToList();
            await group.Key.PostAsync(() => senders.ForEach(act));
        }
    }
}

/// <summary>How many rooms, readers in each and senders among these, and the size of their texts.</summary>
internal readonly record struct CrowdShape(int Rooms, int ReadersPerRoom, int SendersPerRoom, int TextBytes);
