using System.CommandLine;
using System.Globalization;
using Skald.Bench.Clients;
using Skald.Bench.Measuring;

namespace Skald.Bench.Scenarios;

/// <summary>Several nodes on one PostgreSQL: what they store and deliver, how soon, and what each message costs whom.</summary>
/// <param name="rates">Sends a second of all senders together, at fixed times; 0 lets each send when its ack has come.</param>
/// <param name="readers">Readers of each room on each node.</param>
internal sealed class Cluster(int[] nodes, int[] rooms, int[] senders, int[] rates, int readers, int size) : IScenario
{
    public string Name => "cluster";

    public string Purpose =>
        "Nodes on one PostgreSQL. Senders, spread over nodes and rooms, wait for acks, which come after the commit; " +
        "each room has readers on every node.";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        Figure.SendsPerSecond, Figure.DeliveriesPerSecond, Figure.AnswerMedian, Figure.Answer99,
        Figure.OwnNodeMedian, Figure.OwnNode99, Figure.OtherNodeMedian, Figure.OtherNode99,
        Figure.NodeCpuPerDelivery, Figure.NodeCpuPerSend, Figure.PostgresCpuPerSend, Figure.RedisCpuPerSend,
        Figure.Missing, Figure.Repeated, Figure.OutOfOrder, Figure.LoadBusy, Figure.OthersBusy,
    ];

    public IReadOnlyList<Figure> Compared { get; } = [Figure.SendsPerSecond, Figure.DeliveriesPerSecond];

    public string Baseline => "skald-pg";

    public IReadOnlyList<Trial> Trials { get; } =
    [
        .. from node in nodes
           from rate in rates
           from sender in senders
           from room in rooms
           let shape = new ClusterShape(room, Math.Max(sender, room), readers, size)
           let pace = rate == 0 ? "one on its way each" : string.Create(CultureInfo.InvariantCulture, $"{rate:N0} sends/s")
           let name = string.Create(
               CultureInfo.InvariantCulture,
               $"{node} nodes, {room} rooms, {shape.Senders} senders, {pace}, {readers} readers a room and node, {size:N0} B")
           select new Trial(name, run => RunAsync(run, shape, rate))
           {
               Axis = node,
               Nodes = node,
               Suits = target => target.Acks is not null,
           },
    ];

    public static Command Command()
    {
        var nodes = ScenarioCommand.Numbers("--nodes", "Nodes of each target.", 1, 2, 3, 5);
        var rooms = ScenarioCommand.Numbers("--rooms", "Rooms.", 1, 64, 300);
        var senders = ScenarioCommand.Numbers("--senders", "Senders of all rooms together; at least one in each.", 96);
        var rates = ScenarioCommand.Numbers("--rate", "Sends a second of all of them; 0: each sends when its ack has come.", 0);
        var readers = ScenarioCommand.Number("--readers", "Readers of each room on each node.", 1);
        var size = ScenarioCommand.Number("--size", "Bytes of a text.", 64);
        return ScenarioCommand.Create(
            "cluster",
            "Several nodes on one PostgreSQL: stored and delivered messages, latency within and between nodes, CPU of all that take part.",
            [nodes, rooms, senders, rates, readers, size],
            parsed => new Cluster(
                parsed.GetValue(nodes)!,
                parsed.GetValue(rooms)!,
                parsed.GetValue(senders)!,
                parsed.GetValue(rates)!,
                parsed.GetValue(readers),
                parsed.GetValue(size)));
    }

    private static async Task<Readings> RunAsync(Run run, ClusterShape shape, int rate)
    {
        var crowd = await ClusterCrowd.EnterAsync(run.Load, run.Deployment.Nodes, shape, run.Cancellation);
        MeasuredWindow measured;
        if (rate == 0)
        {
            await crowd.Senders.KeepSendingAsync(window: 1);
            measured = await MeasuredWindow.AfterWarmUpAsync(run);
        }
        else
        {
            var sending = await crowd.Senders.SendAtRateAsync(rate);
            measured = await MeasuredWindow.AfterWarmUpAsync(run);
            sending.Stop();
        }

        await crowd.SettleAsync(run.Cancellation);
        var (acked, delivered) = (measured.Stats.Answer.Count, measured.Stats.Deliveries);
        await measured.AddLateAsync(run);
        return Read(measured, acked, delivered, crowd);
    }

    private static Readings Read(MeasuredWindow measured, long acked, long delivered, ClusterCrowd crowd)
    {
        var stats = measured.Stats;
        var readings = new Readings
        {
            [Figure.SendsPerSecond] = acked / measured.Seconds,
            [Figure.DeliveriesPerSecond] = delivered / measured.Seconds,
            [Figure.AnswerMedian] = MeasuredWindow.Milliseconds(stats.Answer, 0.5),
            [Figure.Answer99] = MeasuredWindow.Milliseconds(stats.Answer, 0.99),
            [Figure.OwnNodeMedian] = MeasuredWindow.Milliseconds(stats.Delivery, 0.5),
            [Figure.OwnNode99] = MeasuredWindow.Milliseconds(stats.Delivery, 0.99),
            [Figure.NodeCpuPerDelivery] = measured.ServerCpuEach(delivered),
            [Figure.NodeCpuPerSend] = measured.ServerCpuEach(acked),
            [Figure.PostgresCpuPerSend] = MeasuredWindow.Each(measured.PostgresCpu, acked),
            [Figure.Missing] = crowd.Missing,
            [Figure.Repeated] = crowd.Repeated,
            [Figure.OutOfOrder] = crowd.OutOfOrder,
            [Figure.LoadBusy] = measured.LoadBusy,
            [Figure.OthersBusy] = measured.OthersBusy,
        };
        if (measured.RedisCpu is { } redis)
            readings[Figure.RedisCpuPerSend] = MeasuredWindow.Each(redis, acked);
        if (stats.DeliveryElsewhere.Count > 0)
        {
            readings[Figure.OtherNodeMedian] = MeasuredWindow.Milliseconds(stats.DeliveryElsewhere, 0.5);
            readings[Figure.OtherNode99] = MeasuredWindow.Milliseconds(stats.DeliveryElsewhere, 0.99);
        }

        return readings;
    }
}
