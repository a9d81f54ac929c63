using Skald.Bench.Load;
using Skald.Bench.Targets;

namespace Skald.Bench.Clients;

/// <summary>The members of some rooms of one target: they enter together, and are checked together.</summary>
internal sealed class Crowd(LoadSide load, IReadOnlyList<Room> rooms)
{
    private static int _lastRoom;

    public IReadOnlyList<Room> Rooms => rooms;

    private List<RoomMember> Senders => [.. rooms.SelectMany(room => room.Readers).Where(reader => reader.Place is not null)];

    /// <summary>Fills new rooms and waits until everyone is in. The first readers of each are its senders.</summary>
    /// <param name="shape">How many of what.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<Crowd> EnterAsync(LoadSide load, RunningTarget target, CrowdShape shape, CancellationToken cancellation)
    {
        var rooms = Enumerable.Range(0, shape.Rooms).Select(_ => NewRoom(target, shape.SendersPerRoom)).ToList();
        foreach (var room in rooms)
        {
            for (var place = 0; place < shape.ReadersPerRoom; place++)
                room.Readers.Add(place < shape.SendersPerRoom ? NewSender(target, room, place, shape.TextBytes) : NewReader(target, room));
        }

        return await EnterAsync(load, rooms, cancellation);
    }

    /// <summary>Fills new rooms with readers only: those who send do it in another way.</summary>
    /// <param name="readersPerRoom">Readers in each.</param>
    /// <param name="placesPerRoom">Those that will send into each.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static Task<Crowd> ReadersOfAsync(
        LoadSide load, RunningTarget target, int rooms, int readersPerRoom, int placesPerRoom, CancellationToken cancellation)
    {
        var filled = Enumerable.Range(0, rooms).Select(_ => NewRoom(target, placesPerRoom)).ToList();
        foreach (var room in filled)
        {
            for (var reader = 0; reader < readersPerRoom; reader++)
                room.Readers.Add(NewReader(target, room));
        }

        return EnterAsync(load, filled, cancellation);
    }

    /// <summary>A room that nobody has used before.</summary>
    public static Room NewRoom(RunningTarget target, int senders) => new(NewName(), senders, target.Target.KeepsTotalOrder);

    /// <summary>A name that no room of this process has had.</summary>
    public static string NewName() => $"bench-{++_lastRoom}";

    /// <summary>Each sender keeps so many of its messages on their way.</summary>
    public Task KeepSendingAsync(int window) => LoadSide.OnLoopsOfAsync(Senders, sender => sender.KeepSending(window));

    /// <summary>All senders together send so often, at fixed times.</summary>
    public Task<OpenLoops> SendAtRateAsync(double perSecond) => OpenLoops.StartAsync(Senders, sender => sender.Loop, perSecond);

    /// <summary>Stops sending, waits until every reader has everything, and checks it.</summary>
    public async Task SettleAsync(CancellationToken cancellation)
    {
        await LoadSide.OnLoopsOfAsync(Senders, sender => sender.StopSending());
        await load.UntilAsync(() => rooms.All(room => room.IsComplete), "every reader has every message", cancellation);
        foreach (var room in rooms)
            room.Verify();
        load.ThrowIfFaulty();
    }

    private static async Task<Crowd> EnterAsync(LoadSide load, IReadOnlyList<Room> rooms, CancellationToken cancellation)
    {
        await load.OpenAsync([.. rooms.SelectMany(room => room.Readers)], cancellation);
        return new Crowd(load, rooms);
    }

    private static RoomMember NewReader(RunningTarget target, Room room) =>
        new(room, target.Target.Dialect!, target.RoomPath(room.Name, since: 0), new OrderCheck(room.Senders));

    private static RoomMember NewSender(RunningTarget target, Room room, int place, int textBytes)
    {
        var dialect = target.Target.Dialect!;
        return new RoomMember(room, dialect, target.RoomPath(room.Name, since: 0), new OrderCheck(room.Senders))
        {
            Place = place,
            Template = dialect.Message(room.Name, textBytes),
        };
    }
}

/// <summary>How many rooms, readers in each and senders among these, and the size of their texts.</summary>
internal readonly record struct CrowdShape(int Rooms, int ReadersPerRoom, int SendersPerRoom, int TextBytes);
