using Skald.Bench.Load;
using Skald.Bench.Targets;

namespace Skald.Bench.Clients;

/// <summary>Senders that wait for acks.</summary>
internal sealed class CommandSockets(LoadSide load, IReadOnlyList<CommandSocket> sockets)
{
    /// <summary>One for each of some rooms, on a single node.</summary>
    public static Task<CommandSockets> OpenAsync(
        LoadSide load, RunningTarget target, IEnumerable<Room> rooms, int textBytes, CancellationToken cancellation) =>
        OpenAsync(load, [target], rooms, textBytes, cancellation);

    /// <summary>One for each sender's place of some rooms, on the node that the room says.</summary>
    public static async Task<CommandSockets> OpenAsync(
        LoadSide load, IReadOnlyList<RunningTarget> nodes, IEnumerable<Room> rooms, int textBytes, CancellationToken cancellation)
    {
        var sockets =
            (from room in rooms
             from place in Enumerable.Range(0, room.Senders)
             select NewSocket(nodes[room.NodeOf(place)], room, place, textBytes)).ToList();
        await load.OpenAsync(sockets, cancellation);
        return new CommandSockets(load, sockets);
    }

    /// <summary>The address of the socket of a room, its sender's token in it.</summary>
    public string PathOf(int room) => sockets[room].Address;

    public Task KeepSendingAsync(int window) => LoadSide.OnLoopsOfAsync(sockets, socket => socket.KeepSending(window));

    public Task<OpenLoops> SendAtRateAsync(double perSecond) => OpenLoops.StartAsync(sockets, socket => socket.Loop, perSecond);

    /// <summary>Brings each room to so many messages, and waits until all of them are acked.</summary>
    public async Task SendUntilAsync(uint messages, int window, CancellationToken cancellation)
    {
        await LoadSide.OnLoopsOfAsync(sockets, socket => socket.KeepSending(window, messages));
        await UntilIdleAsync(cancellation);
    }

    /// <summary>Stops sending and waits for what is not acked yet.</summary>
    public async Task SettleAsync(CancellationToken cancellation)
    {
        await LoadSide.OnLoopsOfAsync(sockets, socket => socket.StopSending());
        await UntilIdleAsync(cancellation);
    }

    private Task UntilIdleAsync(CancellationToken cancellation) =>
        load.UntilAsync(() => sockets.All(socket => socket.IsIdle), "every send is acked", cancellation);

    private static CommandSocket NewSocket(RunningTarget node, Room room, int place, int textBytes)
    {
        var dialect = node.Target.Acks!;
        return new CommandSocket(room, place, dialect, dialect.Path(node.Accounts?.NextToken()), textBytes) { Port = node.Port };
    }
}
