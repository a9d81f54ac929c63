using System.ComponentModel.DataAnnotations;
using Skald.Protocol;

namespace Skald.Server.Limits;

/// <summary>
/// The section <c>Limits</c>: what one client, one address or the whole node may take. For counts and rates 0 means no limit.
/// </summary>
public sealed class SkaldLimits
{
    /// <summary>
    /// False switches every rate and count limit off, for load tests; sizes stay. The server says so at start and each hour.
    /// </summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Longest message text, in Unicode code points.</summary>
    [Range(1, 1_000_000)]
    [Beyond("too_long")]
    public int MessageCodePoints { get; set; } = ProtocolLimits.Default.MessageCodePoints;

    /// <summary>Longest message text, in bytes of UTF-8.</summary>
    [Range(1, 1_000_000)]
    [Beyond("too_long")]
    public int MessageBytes { get; set; } = ProtocolLimits.Default.MessageBytes;

    /// <summary>Largest WebSocket message from a client, in bytes after reassembly.</summary>
    [Range(256, 4_000_000)]
    [Beyond("1009")]
    public int FrameBytes { get; set; } = ProtocolLimits.Default.FrameBytes;

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

    /// <summary>Rooms one connection may be in.</summary>
    [Range(0, int.MaxValue)]
    [Beyond("too_many_rooms")]
    public int RoomsPerConnection { get; set; } = ProtocolLimits.Default.Rooms;

    /// <summary>Commands a second from one connection.</summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public double CommandsPerConnection { get; set; } = 10;

    /// <summary>Commands that one connection may send at once before its rate counts.</summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public double CommandBurst { get; set; } = 30;

    /// <summary>Time for which one connection may go beyond its rates without a break.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    [Beyond("4029")]
    public TimeSpan FloodTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Messages a second from one user over all sockets and HTTP; twice as many at once.</summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public double MessagesPerUser { get; set; } = 20;

    /// <summary>Messages a second into one room; twice as many at once.</summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public double MessagesPerRoom { get; set; } = 200;

    /// <summary>Edits a minute of one message, and as many at once.</summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public double EditsPerMessagePerMinute { get; set; } = 10;

    /// <summary>Rooms that one user may bring into being, a minute.</summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public double NewRoomsPerUserPerMinute { get; set; } = 30;

    /// <summary>
    /// Bytes a second from one socket, control frames included, each frame as 64 at least; over it reading stops until the rate is kept
    /// again, and <see cref="FloodTime"/> counts.
    /// </summary>
    [Range(0, int.MaxValue)]
    [Beyond("4029")]
    public double BytesPerConnection { get; set; } = 64 * 1024;

    /// <summary>Bytes that one socket may send at once before its rate counts.</summary>
    [Range(0, int.MaxValue)]
    [Beyond("4029")]
    public double ByteBurst { get; set; } = 256 * 1024;

    /// <summary>Messages that may wait for one reader of a room.</summary>
    [Range(0, int.MaxValue)]
    [Beyond("4008")]
    public int MessagesBehind { get; set; } = 1_024;

    /// <summary>Bytes that may wait for one reader of a room.</summary>
    [Range(0, long.MaxValue)]
    [Beyond("4008")]
    public long BytesBehind { get; set; } = 1024 * 1024;

    /// <summary>Bytes of answers (acks, errors) that may wait for one connection.</summary>
    [Range(1024, int.MaxValue)]
    [Beyond("4008")]
    public int AnswerBytesBehind { get; set; } = 64 * 1024;

    /// <summary>Time one write may stall.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    [Beyond("4008")]
    public TimeSpan WriteStall { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Bytes of the newest messages that a room keeps encoded for readers that fall a little behind; older ones come from the log.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int TailBytes { get; set; } = 64 * 1024;

    /// <summary>The same of all rooms together; over it the room that was written to longest ago keeps none.</summary>
    [Range(0, long.MaxValue)]
    public long TailBytesInAll { get; set; } = 64 * 1024 * 1024;

    /// <summary>Sockets one user may have open.</summary>
    [Range(0, int.MaxValue)]
    [Beyond("4409")]
    public int ConnectionsPerUser { get; set; } = 16;

    /// <summary>Pages of history one user may be reading at once; each takes memory until it is taken.</summary>
    [Range(0, int.MaxValue)]
    [Beyond("rate_limited")]
    public int HistoryRequestsPerUser { get; set; } = 8;

    /// <summary>Sockets from one address (IPv6: one /64).</summary>
    [Range(0, int.MaxValue)]
    [Beyond("rate_limited")]
    public int ConnectionsPerAddress { get; set; } = 100;

    /// <summary>
    /// Connections from one address (IPv6: one /64) that are no sockets yet, or never; over TLS sockets count too. For one more, the
    /// one that was silent longest is ended. Trusted proxies may have any number.
    /// </summary>
    [Range(0, int.MaxValue)]
    [Beyond(BeyondAttribute.Cut)]
    public int RequestConnectionsPerAddress { get; set; } = 200;

    /// <summary>
    /// Sockets of the node; never more than five eighths of the files it may have open (<c>nofile</c>), also where this is 0.
    /// </summary>
    [Range(0, int.MaxValue)]
    [Beyond("overloaded")]
    public int Connections { get; set; } = 50_000;

    /// <summary>Handshakes a second of the node; twice as many at once.</summary>
    [Range(0, 1_000_000)]
    [Beyond("overloaded")]
    public double Handshakes { get; set; } = 500;

    /// <summary>Handshakes a second from one address.</summary>
    [Range(0, 1_000_000)]
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

    /// <summary>Messages that may wait for the log writer.</summary>
    [Range(16, 10_000_000)]
    [Beyond("overloaded")]
    public int QueuedMessages { get; set; } = 16_384;

    /// <summary>Most messages one transaction stores.</summary>
    [Range(1, 100_000)]
    public int MessagesPerBatch { get; set; } = 1_024;

    /// <summary>
    /// Failed logins of one account in <see cref="LoginFailureWindow"/> before each further one waits, twice as long each time.
    /// </summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public int LoginFailures { get; set; } = 5;

    /// <summary>How long a failed login counts, and the longest wait that follows from it.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan LoginFailureWindow { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Login attempts a minute from one address.</summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public int LoginsPerAddressPerMinute { get; set; } = 20;

    /// <summary>Registrations a second from one address.</summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public double RegistersPerAddressPerSecond { get; set; } = 0.17;

    /// <summary>Registrations that one address may make at once before its rate counts.</summary>
    [Range(0, 1_000_000)]
    [Beyond("rate_limited")]
    public int RegisterBurst { get; set; } = 3;

    /// <summary>Logins and registrations that may wait for a hashing thread.</summary>
    [Range(1, 1_000_000)]
    [Beyond("overloaded")]
    public int PasswordHashQueue { get; set; } = 16;

    /// <summary>Largest token that is looked at, in bytes.</summary>
    [Range(512, 1_000_000)]
    [Beyond("token_not_valid")]
    public int TokenBytes { get; set; } = 4_096;

    /// <summary>All headers of one request together, in bytes.</summary>
    [Range(1024, 1_000_000)]
    [Beyond("431")]
    public int RequestHeaderBytes { get; set; } = 16 * 1024;

    /// <summary>Headers of one request.</summary>
    [Range(10, 10_000)]
    [Beyond("431")]
    public int RequestHeaders { get; set; } = 50;

    /// <summary>First line of one request, in bytes; a token in <c>?token=</c> may be as long as <see cref="TokenBytes"/>.</summary>
    [Range(1024, 1_000_000)]
    [Beyond("414")]
    public int RequestLineBytes { get; set; } = 8 * 1024;

    /// <summary>Body of one request, in bytes.</summary>
    [Range(1024, 100_000_000)]
    [Beyond("payload_too_large")]
    public int RequestBodyBytes { get; set; } = 64 * 1024;

    /// <summary>Time for the headers of one request to come, once they began.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    [Beyond("408")]
    public TimeSpan RequestHeaderTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Time that a connection may wait for its next request. Longer than the 60 s for which load balancers commonly keep one: else they
    /// send a request into a connection that ends at that moment.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    [Beyond(BeyondAttribute.Cut)]
    public TimeSpan RequestIdleTime { get; set; } = TimeSpan.FromSeconds(90);

    /// <summary>What both sides of a socket must agree on.</summary>
    public ProtocolLimits Protocol => new()
    {
        MessageCodePoints = MessageCodePoints,
        MessageBytes = MessageBytes,
        FrameBytes = FrameBytes,
        Rooms = RoomsPerConnection,
    };

    /// <summary>Names of the counts and rates that are 0, and so limit nothing.</summary>
    internal IEnumerable<string> Unlimited =>
        new (string Name, double Value)[]
        {
            (nameof(RoomsPerConnection), RoomsPerConnection), (nameof(CommandsPerConnection), CommandsPerConnection),
            (nameof(MessagesPerUser), MessagesPerUser),
            (nameof(MessagesPerRoom), MessagesPerRoom), (nameof(EditsPerMessagePerMinute), EditsPerMessagePerMinute),
            (nameof(NewRoomsPerUserPerMinute), NewRoomsPerUserPerMinute), (nameof(BytesPerConnection), BytesPerConnection),
            (nameof(MessagesBehind), MessagesBehind), (nameof(BytesBehind), BytesBehind), (nameof(ConnectionsPerUser), ConnectionsPerUser),
            (nameof(HistoryRequestsPerUser), HistoryRequestsPerUser),
            (nameof(ConnectionsPerAddress), ConnectionsPerAddress), (nameof(RequestConnectionsPerAddress), RequestConnectionsPerAddress),
            (nameof(Connections), Connections), (nameof(Handshakes), Handshakes),
            (nameof(HandshakesPerAddress), HandshakesPerAddress), (nameof(LoginFailures), LoginFailures),
            (nameof(LoginsPerAddressPerMinute), LoginsPerAddressPerMinute),
            (nameof(RegistersPerAddressPerSecond), RegistersPerAddressPerSecond),
        }.Where(limit => limit.Value <= 0).Select(limit => limit.Name);

    /// <summary>What <see cref="Enabled"/> = false means: no rate and no count, while sizes and the bounds of memory stay.</summary>
    internal void SwitchOffRatesAndCounts()
    {
        RoomsPerConnection =
            ConnectionsPerUser =
                HistoryRequestsPerUser =
                    ConnectionsPerAddress = RequestConnectionsPerAddress = Connections = LoginFailures = LoginsPerAddressPerMinute = 0;
        CommandsPerConnection =
            MessagesPerUser = MessagesPerRoom = EditsPerMessagePerMinute = NewRoomsPerUserPerMinute = BytesPerConnection = 0;
        Handshakes = HandshakesPerAddress = RegistersPerAddressPerSecond = 0;
    }
}
