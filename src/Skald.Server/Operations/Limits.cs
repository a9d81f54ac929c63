using System.ComponentModel.DataAnnotations;
using Skald.Protocol;

namespace Skald.Server.Operations;

/// <summary>The section <c>Limits</c>: what one client, one address or the whole node may take. For counts and rates 0 means no limit.</summary>
public sealed class Limits
{
    /// <summary>False switches every rate and count limit off, for load tests; sizes stay. The server says so at start and each hour.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Longest message text, in Unicode code points.</summary>
    [Range(1, 1_000_000)]
    public int MessageCodePoints { get; set; } = ProtocolLimits.Default.MessageCodePoints;

    /// <summary>Longest message text, in bytes of UTF-8.</summary>
    [Range(1, 1_000_000)]
    public int MessageBytes { get; set; } = ProtocolLimits.Default.MessageBytes;

    /// <summary>Largest WebSocket message from a client, in bytes after reassembly; more closes with 1009.</summary>
    [Range(256, 4_000_000)]
    public int FrameBytes { get; set; } = ProtocolLimits.Default.FrameBytes;

    /// <summary>Fragments one message may come in; more closes with 1008.</summary>
    [Range(1, 1_000_000)]
    public int FragmentsPerMessage { get; set; } = 64;

    /// <summary>Empty fragments in a row; more closes with 1008.</summary>
    [Range(1, 1_000_000)]
    public int EmptyFragments { get; set; } = 8;

    /// <summary>Time to finish one message once it began; longer closes with 1008.</summary>
    public TimeSpan MessageTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Rooms one connection may be in; one more is answered <c>too_many_rooms</c>.</summary>
    [Range(0, int.MaxValue)]
    public int RoomsPerConnection { get; set; } = ProtocolLimits.Default.Rooms;

    /// <summary>Commands a second from one connection; more is answered <c>rate_limited</c>, and 4029 after <see cref="FloodTime"/>.</summary>
    [Range(0, 1_000_000)]
    public double CommandsPerConnection { get; set; } = 10;

    /// <summary>Commands that one connection may send at once before its rate counts.</summary>
    [Range(0, 1_000_000)]
    public double CommandBurst { get; set; } = 30;

    /// <summary>Time of unbroken excess after which a connection is closed with 4029.</summary>
    public TimeSpan FloodTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Messages a second from one user over all sockets and HTTP.</summary>
    [Range(0, 1_000_000)]
    public double MessagesPerUser { get; set; } = 20;

    /// <summary>Messages a second into one room.</summary>
    [Range(0, 1_000_000)]
    public double MessagesPerRoom { get; set; } = 200;

    /// <summary>Rooms that one user may bring into being, a minute.</summary>
    [Range(0, 1_000_000)]
    public double NewRoomsPerUserPerMinute { get; set; } = 30;

    /// <summary>Bytes a second from one socket, control frames included; over it reading stops until the rate is kept again.</summary>
    [Range(0, int.MaxValue)]
    public double BytesPerConnection { get; set; } = 64 * 1024;

    /// <summary>Bytes that one socket may send at once before its rate counts.</summary>
    [Range(0, int.MaxValue)]
    public double ByteBurst { get; set; } = 256 * 1024;

    /// <summary>Messages that may wait for one reader of a room; more closes with 4008.</summary>
    [Range(0, int.MaxValue)]
    public int MessagesBehind { get; set; } = 1_024;

    /// <summary>Bytes that may wait for one reader of a room; more closes with 4008.</summary>
    [Range(0, long.MaxValue)]
    public long BytesBehind { get; set; } = 1024 * 1024;

    /// <summary>Bytes of answers (acks, errors) that may wait for one connection; more closes with 4008.</summary>
    [Range(1024, int.MaxValue)]
    public int AnswerBytesBehind { get; set; } = 64 * 1024;

    /// <summary>Time one write may stall before the connection is closed with 4008.</summary>
    public TimeSpan WriteStall { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of the newest messages that a room keeps encoded for readers that fall a little behind; older ones come from the log.</summary>
    [Range(0, int.MaxValue)]
    public int TailBytes { get; set; } = 64 * 1024;

    /// <summary>Sockets one user may have open; one more is closed with 4409.</summary>
    [Range(0, int.MaxValue)]
    public int ConnectionsPerUser { get; set; } = 16;

    /// <summary>Sockets from one address (IPv6: one /64); one more is refused with 429.</summary>
    [Range(0, int.MaxValue)]
    public int ConnectionsPerAddress { get; set; } = 100;

    /// <summary>Sockets of the node; one more is refused with 503.</summary>
    [Range(0, int.MaxValue)]
    public int Connections { get; set; } = 50_000;

    /// <summary>Handshakes a second of the node; more is refused with 503.</summary>
    [Range(0, 1_000_000)]
    public double Handshakes { get; set; } = 500;

    /// <summary>Handshakes a second from one address; more is refused with 429.</summary>
    [Range(0, 1_000_000)]
    public double HandshakesPerAddress { get; set; } = 10;

    /// <summary>Handshakes that one address may make at once before its rate counts.</summary>
    [Range(0, 1_000_000)]
    public double HandshakeBurst { get; set; } = 50;

    /// <summary>Time for a socket without a credential to say <c>auth</c>; then 4401.</summary>
    public TimeSpan AuthTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between the server's pings.</summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Time a peer has to be heard of after a ping; then it is cut off.</summary>
    public TimeSpan PingTimeout { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>Messages that may wait for the log writer; more is answered <c>overloaded</c>.</summary>
    [Range(16, 10_000_000)]
    public int QueuedMessages { get; set; } = 16_384;

    /// <summary>Most messages one transaction stores.</summary>
    [Range(1, 100_000)]
    public int MessagesPerBatch { get; set; } = 1_024;

    /// <summary>Failed logins of one account in <see cref="LoginFailureWindow"/> before each further one waits, twice as long each time.</summary>
    [Range(0, 1_000_000)]
    public int LoginFailures { get; set; } = 5;

    /// <summary>How long a failed login counts, and the longest wait that follows from it.</summary>
    public TimeSpan LoginFailureWindow { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Login attempts a minute from one address; more is refused with 429.</summary>
    [Range(0, 1_000_000)]
    public int LoginsPerAddressPerMinute { get; set; } = 20;

    /// <summary>Registrations a second from one address; more is refused with 429.</summary>
    [Range(0, 1_000_000)]
    public double RegistersPerAddressPerSecond { get; set; } = 0.17;

    /// <summary>Registrations that one address may make at once before its rate counts.</summary>
    [Range(0, 1_000_000)]
    public int RegisterBurst { get; set; } = 3;

    /// <summary>Logins and registrations that may wait for a hashing thread; more is answered <c>overloaded</c>.</summary>
    [Range(1, 1_000_000)]
    public int PasswordHashQueue { get; set; } = 16;

    /// <summary>Largest token that is looked at, in bytes.</summary>
    [Range(512, 1_000_000)]
    public int TokenBytes { get; set; } = 4_096;

    /// <summary>What both sides of a socket must agree on.</summary>
    public ProtocolLimits Protocol => new()
    {
        MessageCodePoints = MessageCodePoints,
        MessageBytes = MessageBytes,
        FrameBytes = FrameBytes,
        Rooms = RoomsPerConnection,
    };

    /// <summary>Names of the counts and rates that are 0, and so hold nobody back.</summary>
    internal IEnumerable<string> Unlimited =>
        new (string Name, double Value)[]
        {
            (nameof(RoomsPerConnection), RoomsPerConnection), (nameof(CommandsPerConnection), CommandsPerConnection), (nameof(MessagesPerUser), MessagesPerUser),
            (nameof(MessagesPerRoom), MessagesPerRoom), (nameof(NewRoomsPerUserPerMinute), NewRoomsPerUserPerMinute), (nameof(BytesPerConnection), BytesPerConnection),
            (nameof(MessagesBehind), MessagesBehind), (nameof(BytesBehind), BytesBehind), (nameof(ConnectionsPerUser), ConnectionsPerUser),
            (nameof(ConnectionsPerAddress), ConnectionsPerAddress), (nameof(Connections), Connections), (nameof(Handshakes), Handshakes),
            (nameof(HandshakesPerAddress), HandshakesPerAddress), (nameof(LoginFailures), LoginFailures),
            (nameof(LoginsPerAddressPerMinute), LoginsPerAddressPerMinute), (nameof(RegistersPerAddressPerSecond), RegistersPerAddressPerSecond),
        }.Where(limit => limit.Value <= 0).Select(limit => limit.Name);

    /// <summary>What <see cref="Enabled"/> = false means: no rate and no count, while sizes and the bounds of memory stay.</summary>
    internal void SwitchOffRatesAndCounts()
    {
        RoomsPerConnection = ConnectionsPerUser = ConnectionsPerAddress = Connections = LoginFailures = LoginsPerAddressPerMinute = 0;
        CommandsPerConnection = MessagesPerUser = MessagesPerRoom = NewRoomsPerUserPerMinute = BytesPerConnection = 0;
        Handshakes = HandshakesPerAddress = RegistersPerAddressPerSecond = 0;
    }
}
