using Skald.Bench.Load;
using Skald.Bench.Machine;
using Skald.Bench.Targets;

namespace Skald.Bench.Clients;

/// <summary>Rooms with readers on every node, and senders that are spread over the nodes and wait for acks.</summary>
/// <param name="counts">Each reader's faults; empty where a fault ends the run.</param>
internal sealed class ClusterCrowd(LoadSide load, IReadOnlyList<Room> rooms, CommandSockets senders, IReadOnlyList<FaultCount> counts)
{
    /// <summary>Nothing has come for so long: what is missing will not come any more.</summary>
    private const long Silence = 2 * Clock.Second;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    public CommandSockets Senders => senders;

    public long Repeated => counts.Sum(reader => reader.Repeated);

    public long OutOfOrder => counts.Sum(reader => reader.OutOfOrder);

    public long Missing => rooms.Sum(room => room.Readers.Sum(reader => room.Sent.Sum(bySender => bySender) - reader.Seen.Received));

    public static async Task<ClusterCrowd> EnterAsync(
        LoadSide load, IReadOnlyList<RunningTarget> nodes, ClusterShape shape, CancellationToken cancellation)
    {
        var (target, counts, rooms) = (nodes[0].Target, new List<FaultCount>(), new List<Room>());
        for (var index = 0; index < shape.Rooms; index++)
        {
            var senders = (shape.Senders / shape.Rooms) + (index < shape.Senders % shape.Rooms ? 1 : 0);
            var room = new Room(Crowd.NewName(), senders, keepsTotalOrder: true) { Nodes = nodes.Count, FirstNode = index % nodes.Count };
            rooms.Add(room);
            for (var node = 0; node < nodes.Count; node++)
            {
                for (var reader = 0; reader < shape.ReadersOnEachNode; reader++)
                    room.Readers.Add(NewReader(nodes[node], node, room, counts));
            }
        }

        await load.OpenAsync([.. rooms.SelectMany(room => room.Readers)], cancellation);
        var sockets = await CommandSockets.OpenAsync(load, nodes, rooms, shape.TextBytes, cancellation);
        return new ClusterCrowd(load, rooms, sockets, target.IsSkald ? [] : counts);
    }

    /// <summary>
    /// Waits until all is acked and every reader has everything, and checks it; where faults are counted, until nothing comes any more.
    /// </summary>
    public async Task SettleAsync(CancellationToken cancellation)
    {
        await senders.SettleAsync(cancellation);
        if (counts.Count > 0)
        {
            await UntilSilentAsync(cancellation);
            return;
        }

        await load.UntilAsync(() => rooms.All(room => room.IsComplete), "every reader has every message", cancellation);
        foreach (var room in rooms)
            room.Verify();
        load.ThrowIfFaulty();
    }

    private async Task UntilSilentAsync(CancellationToken cancellation)
    {
        var (missing, since) = (Missing, Clock.Now);
        while (missing > 0 && Clock.Now - since < Silence)
        {
            await load.WaitAsync(Glance, cancellation);
            if (Missing != missing)
                (missing, since) = (Missing, Clock.Now);
        }
    }

    private static RoomMember NewReader(RunningTarget node, int nodeIndex, Room room, List<FaultCount> counts)
    {
        var check = node.Target.IsSkald ? new OrderCheck(room.Senders) : new FaultCount(room.Senders);
        if (check is FaultCount count)
            counts.Add(count);
        return new RoomMember(room, node.Target.Dialect!, node.RoomPath(room.Name, since: 0), check) { Port = node.Port, Node = nodeIndex };
    }
}

/// <summary>How many rooms, senders into all of them, readers of each room on each node, and the size of texts.</summary>
internal readonly record struct ClusterShape(int Rooms, int Senders, int ReadersOnEachNode, int TextBytes);
