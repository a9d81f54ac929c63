using System.Globalization;

namespace Skald.Bench.Measuring;

/// <summary>A quantity that a run reads off: its name, its unit, and how many decimals say something.</summary>
internal sealed record Figure(string Name, string Unit, int Decimals)
{
    public static Figure DeliveriesPerSecond { get; } = new("deliveries", "1/s", 0);

    public static Figure SendsPerSecond { get; } = new("sends", "1/s", 0);

    public static Figure HandshakesPerSecond { get; } = new("handshakes", "1/s", 0);

    public static Figure PagesPerSecond { get; } = new("pages", "1/s", 0);

    /// <summary>CPU time of all nodes divided by the copies that reached a reader.</summary>
    public static Figure NodeCpuPerDelivery { get; } = new("node CPU a delivery", "µs", 2);

    /// <summary>CPU time of all nodes divided by the messages that were acked.</summary>
    public static Figure NodeCpuPerSend { get; } = new("nodes CPU a send", "µs", 1);

    /// <summary>CPU time of PostgreSQL's processes divided by the messages that were acked.</summary>
    public static Figure PostgresCpuPerSend { get; } = new("PostgreSQL CPU a send", "µs", 1);

    /// <summary>CPU time of Redis divided by the messages that were acked.</summary>
    public static Figure RedisCpuPerSend { get; } = new("Redis CPU a send", "µs", 1);

    /// <summary>From the intended time of a send to a reader on the sender's node.</summary>
    public static Figure OwnNodeMedian { get; } = new("own node p50", "ms", 3);

    public static Figure OwnNode99 { get; } = new("own node p99", "ms", 3);

    /// <summary>From the intended time of a send to a reader on another node.</summary>
    public static Figure OtherNodeMedian { get; } = new("other node p50", "ms", 3);

    public static Figure OtherNode99 { get; } = new("other node p99", "ms", 3);

    /// <summary>Copies that a reader did not get, got twice, or after one with a higher seq.</summary>
    public static Figure Missing { get; } = new("missing", "", 0);

    public static Figure Repeated { get; } = new("repeated", "", 0);

    public static Figure OutOfOrder { get; } = new("out of order", "", 0);

    /// <summary>CPU time of the server's process divided by what it did: a delivery, a send, a handshake, a page.</summary>
    public static Figure ServerCpuEach { get; } = new("server CPU each", "µs", 2);

    /// <summary>Time the load side had to do for each: how much of a figure could be the load's own.</summary>
    public static Figure LoadTimeEach { get; } = new("load time each", "µs", 2);

    /// <summary>CPU time of the server's process as a share of one core.</summary>
    public static Figure ServerBusy { get; } = new("server busy", "%", 1);

    /// <summary>Time the load side had something to do, as a share of its cores: near 100 % it may be what limits.</summary>
    public static Figure LoadBusy { get; } = new("load busy", "%", 1);

    /// <summary>CPU time of everyone else as a share of the machine: a run that was disturbed shows here.</summary>
    public static Figure OthersBusy { get; } = new("others busy", "%", 1);

    public static Figure AnswerMedian { get; } = new("answer p50", "ms", 3);

    public static Figure Answer99 { get; } = new("answer p99", "ms", 3);

    public static Figure Answer999 { get; } = new("answer p99.9", "ms", 3);

    public static Figure DeliveryMedian { get; } = new("delivery p50", "ms", 3);

    public static Figure Delivery99 { get; } = new("delivery p99", "ms", 3);

    public static Figure Delivery999 { get; } = new("delivery p99.9", "ms", 3);

    public static Figure DeliveryMedianBefore { get; } = new("p50 before", "ms", 3);

    public static Figure Delivery99Before { get; } = new("p99 before", "ms", 3);

    /// <summary>The p99 of deliveries divided by that before.</summary>
    public static Figure Delivery99Change { get; } = new("p99 ÷ before", "", 2);

    public static Figure Delivery99First { get; } = new("p99, first fifth", "ms", 3);

    public static Figure Delivery99Last { get; } = new("p99, last fifth", "ms", 3);

    /// <summary>Growth of the server's proportional set size divided by the connections that caused it.</summary>
    public static Figure MemoryPerConnection { get; } = new("memory each", "KiB", 1);

    public static Figure Resident { get; } = new("RSS", "MiB", 1);

    public static Figure Proportional { get; } = new("PSS", "MiB", 1);

    public static Figure ResidentFirst { get; } = new("RSS, first fifth", "MiB", 1);

    /// <summary>The highest resident set size while it was measured, less that before.</summary>
    public static Figure PeakGrowth { get; } = new("peak growth", "MiB", 1);

    public static Figure StartTime { get; } = new("start", "ms", 0);

    /// <summary>From the moment all clients want to be back until the last one has everything.</summary>
    public static Figure AllCaughtUp { get; } = new("all caught up", "ms", 0);

    public static Figure LoginsPerSecond { get; } = new("logins", "1/s", 1);

    /// <summary>Logins that were answered 503 because too many wait.</summary>
    public static Figure RefusedPerSecond { get; } = new("refused", "1/s", 1);

    public static Figure Refused99 { get; } = new("refused p99", "ms", 1);

    public static Figure CutOff { get; } = new("cut off", "", 0);

    public string Title => Unit.Length == 0 ? Name : $"{Name}, {Unit}";

    public string Format(double value) => value.ToString($"N{Decimals}", CultureInfo.InvariantCulture);
}
