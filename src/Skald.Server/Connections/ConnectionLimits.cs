using System.ComponentModel.DataAnnotations;
using Skald.Server.Limits;

namespace Skald.Server.Connections;

/// <summary>Limits of sockets: how many, how fast each may send, and how long it may take for what.</summary>
public sealed class ConnectionLimits
{
    /// <summary>Fragments one message may come in.</summary>
    [Range(1, 1_000_000)]
    [Beyond("1008")]
    public int FragmentsPerMessage { get; set; } = 64;

    /// <summary>Empty fragments in a row.</summary>
    [Range(1, 1_000_000)]
    [Beyond("1008")]
    public int EmptyFragments { get; set; } = 8;

    /// <summary>Time to finish one message once it began.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    [Beyond("1008")]
    public TimeSpan MessageTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Commands a second from one connection.</summary>
    [Range(0, 1_000_000)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public double CommandsPerConnection { get; set; } = 10;

    /// <summary>Commands that one connection may send at once before its rate counts.</summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public double CommandBurst { get; set; } = 30;

    /// <summary>Signals a second from one connection; twice as many at once.</summary>
    [Range(0, 1_000_000)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public double SignalsPerConnection { get; set; } = 5;

    /// <summary>Time for which one connection may go beyond its rates without a break.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    [Beyond("4029")]
    public TimeSpan FloodTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Bytes a second from one socket, control frames included, each frame as 64 at least; over it reading stops until the rate is kept
    /// again, and <see cref="FloodTime"/> counts.
    /// </summary>
    [Range(0, int.MaxValue)]
    [OffAtZero]
    [Beyond("4029")]
    public double BytesPerConnection { get; set; } = 64 * 1024;

    /// <summary>Bytes that one socket may send at once before its rate counts.</summary>
    [Range(0, int.MaxValue)]
    [Beyond("4029")]
    public double ByteBurst { get; set; } = 256 * 1024;

    /// <summary>Time one write may stall.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    [Beyond("4008")]
    public TimeSpan WriteStall { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Sockets from one address (IPv6: one /64).</summary>
    [Range(0, int.MaxValue)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public int ConnectionsPerAddress { get; set; } = 100;

    /// <summary>
    /// Sockets of the node; never more than five eighths of the files it may have open (<c>nofile</c>), also where this is 0.
    /// </summary>
    [Range(0, int.MaxValue)]
    [OffAtZero]
    [Beyond("overloaded")]
    public int Connections { get; set; } = 50_000;

    /// <summary>Handshakes a second of the node; twice as many at once.</summary>
    [Range(0, 1_000_000)]
    [OffAtZero]
    [Beyond("overloaded")]
    public double Handshakes { get; set; } = 500;

    /// <summary>Handshakes a second from one address.</summary>
    [Range(0, 1_000_000)]
    [OffAtZero]
    [Beyond("rate_limited")]
    public double HandshakesPerAddress { get; set; } = 10;

    /// <summary>Handshakes that one address may make at once before its rate counts.</summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public double HandshakeBurst { get; set; } = 50;

    /// <summary>Time for a socket without a credential to say <c>auth</c>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    [Beyond("4401")]
    public TimeSpan AuthTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between the server's pings.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Time a peer has to be heard of after a ping.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    [Beyond(BeyondAttribute.Cut)]
    public TimeSpan PingTimeout { get; set; } = TimeSpan.FromSeconds(8);
}
