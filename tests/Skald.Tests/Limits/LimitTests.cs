using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net.Http.Json;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Commands;
using Skald.Server.Connections;
using Skald.Server.Conversation.Messages;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Identity;
using Skald.Server.Limits;
using Skald.Server.Rooms;
using Skald.Server.Settings;
using Skald.Server.Storage.Sqlite;
using Skald.Server.Transport;
using Skald.Tests.Accounts;
using Skald.Tests.Delivery;
using Skald.Tests.Harness;
using Skald.Tests.Identity;

namespace Skald.Tests.Limits;

/// <summary>
/// P-35: every limit can be set, holds where it was set, and is answered beyond it with what the table in docs/operations.md says.
/// </summary>
public sealed class LimitTests
{
    /// <summary>Each limit, set to another value than its default; how much that allows; and how so much is tried.</summary>
    private static readonly Row[] Rows =
    [
        new(nameof(WireLimits.MessageCodePoints), "10", 10, (p, n) => p.SayAsync(new string('x', n))),
        new(nameof(WireLimits.MessageBytes), "20", 20, (p, n) => p.SayAsync(new string('x', n))),
        new(nameof(WireLimits.FrameBytes), "1024", 1024, (p, n) => p.CommandAsync(Ping(n))),
        new(
            nameof(ConnectionLimits.FragmentsPerMessage),
            "4",
            4,
            (p, n) => p.FragmentsAsync(Ping(1_000).Chunk(1_000 / n).Take(n - 1).Append(Ping(1_000)[(1_000 / n * (n - 1))..]))),
        new(
            nameof(ConnectionLimits.EmptyFragments),
            "3",
            3,
            (p, n) => p.FragmentsAsync([Ping(60)[..30], .. Enumerable.Repeat(Array.Empty<byte>(), n), Ping(60)[30..]])),
        Row.OfTime(nameof(ConnectionLimits.MessageTime), 3, (p, time) => p.FinishLateAsync(time)),
        new(nameof(WireLimits.RoomsPerConnection), "3", 3,
            (p, n) => p.RepeatAsync(n, i => new { type = "join", id = i, room = $"room-{i}" })),
        Row.OfRate(nameof(ConnectionLimits.CommandsPerConnection), (p, between) => p.TwoPingsAsync(between), ("CommandBurst", "1")),
        new(
            nameof(ConnectionLimits.CommandBurst),
            "5",
            5,
            (p, n) => p.RepeatAsync(n, i => new { type = "ping", id = i }),
            ("CommandsPerConnection", "1")),
        Row.OfTime(nameof(ConnectionLimits.FloodTime), 2,
            (p, time) => p.FloodAsync(time), ("CommandsPerConnection", "1"), ("CommandBurst", "1")),
        new(
            nameof(LogLimits.MessagesPerUser),
            "4",
            2 * 4,
            (p, n) => p.RepeatAsync(n, i => new { type = "send", id = i, room = $"room-{i % 3}", message = "x" })),
        new(
            nameof(LogLimits.MessagesPerRoom),
            "4",
            2 * 4,
            (p, n) => p.RepeatAsync(n, i => new { type = "send", id = i, room = "global", message = "x" })),
        new(nameof(LogLimits.EditsPerMessagePerMinute), "3", 3, (p, n) => p.EditAsync(n)),
        new(nameof(WireLimits.SignalBytes), "20", 20, (p, n) => p.SignalAsync(1, data: "{" + new string(' ', n - 2) + "}")),
        new(nameof(ConnectionLimits.SignalsPerConnection), "4", 2 * 4, (p, n) => p.SignalAsync(n)),
        new(nameof(DeliveryLimits.SignalsPerRoom), "4", 2 * 4, (p, n) => p.SignalAsync(n)),
        new(nameof(DeliveryLimits.SignalSockets), "2", 2, (p, n) => p.SignalAsync(1, sockets: n)),
        new(
            nameof(RoomLimits.NewRoomsPerUserPerMinute),
            "3",
            3,
            (p, n) => p.RepeatAsync(n, i => new { type = "join", id = i, room = $"room-{i}" })),
        new(nameof(IdentityLimits.ConnectionsPerUser), "2", 2, (p, n) => p.OpenAsync(n)),
        new(nameof(HistoryLimits.HistoryRequestsPerUser), "2", 2, (p, n) => p.ReadHistoryAsync(n)),
        new(nameof(ConnectionLimits.ConnectionsPerAddress), "2", 2, (p, n) => p.OpenAsync(n)),
        new(nameof(ConnectionLimits.Connections), "2", 2, (p, n) => p.OpenAsync(n)),
        new(nameof(ConnectionLimits.Handshakes), "4", 2 * 4, (p, n) => p.HandshakesAsync(n)),
        Row.OfRate(nameof(ConnectionLimits.HandshakesPerAddress), (p, between) => p.TwoHandshakesAsync(between), ("HandshakeBurst", "1")),
        new(nameof(ConnectionLimits.HandshakeBurst), "3", 3, (p, n) => p.HandshakesAsync(n), ("HandshakesPerAddress", "1")),
        Row.OfTime(nameof(ConnectionLimits.AuthTime), 3, (p, time) => p.AuthenticateLateAsync(time)),
        Row.OfTime(nameof(ConnectionLimits.PingTimeout), 3, (p, time) => p.AnswerPingLateAsync(time), ("PingInterval", "00:00:01")),
        new(nameof(LogLimits.QueuedMessages), "16", 16, (p, n) => p.FillQueueAsync(n)),
        new(nameof(AccountLimits.LoginFailures), "2", 2, (p, n) => p.LoginsAsync(n, "a wrong password")),
        new(nameof(AccountLimits.LoginsPerAddressPerMinute), "3", 3, (p, n) => p.LoginsAsync(n, "12345678")),
        Row.OfRate(nameof(AccountLimits.RegistersPerAddressPerSecond),
            (p, between) => p.TwoRegistrationsAsync(between), ("RegisterBurst", "1")),
        new(nameof(AccountLimits.RegisterBurst), "2", 2, (p, n) => p.RegistrationsAsync(n), ("RegistersPerAddressPerSecond", "1")),
        new(nameof(IdentityLimits.TokenBytes), "700", 700, (p, n) => p.TokenAsync(n), ("FrameBytes", "1000000")),
        new(
            nameof(RequestLimits.RequestHeaderBytes),
            "1024",
            1024,
            (p, n) => p.RequestAsync((line, host) => line + host + "X: ".PadRight(n - host.Length - 2, 'x') + "\r\n\r\n")),
        new(
            nameof(RequestLimits.RequestHeaders),
            "10",
            10,
            (p, n) => p.RequestAsync((line, host) => line + host + string.Concat(Enumerable.Repeat("X: x\r\n", n - 1)) + "\r\n")),
        new(nameof(RequestLimits.RequestLineBytes), "1024", 1024,
            (p, n) => p.RequestAsync(
                (line, host) =>
                    line.Replace("z ", "z?".PadRight(n - line.Length + 1, 'x') + " ", StringComparison.Ordinal) + host + "\r\n")),
        new(nameof(RequestLimits.RequestBodyBytes), "1024", 1024, (p, n) => p.PublishAsync(n)),
        Row.OfRealTime(
            nameof(RequestLimits.RequestHeaderTime),
            p => p.RequestAsync((line, host) => p.Beyond ? line + host : line + host + "\r\n")),
        Row.OfRealTime(nameof(RequestLimits.RequestIdleTime), p => p.RequestAgainAsync()),
    ];

    /// <summary>Limits that need a test of their own: megabytes that no kernel's buffer takes, or many threads.</summary>
    private static readonly Dictionary<string, string> TriedBy = new(StringComparer.Ordinal)
    {
        [nameof(ConnectionLimits.BytesPerConnection)] =
            nameof(Connections.SocketRateTests.Bytes_beyond_the_rate_are_read_later_and_10_s_of_them_close_with_4029),
        [nameof(ConnectionLimits.ByteBurst)] =
            nameof(Connections.SocketRateTests.Bytes_beyond_the_rate_are_read_later_and_10_s_of_them_close_with_4029),
        [nameof(DeliveryLimits.MessagesBehind)] = nameof(DeliveryTests.Slow_reader_is_closed_with_4008_holds_nobody_up_and_can_resume),
        [nameof(DeliveryLimits.BytesBehind)] = nameof(Faults.OverloadTests.Reader_that_does_not_read_is_closed_resumes_and_delays_nobody),
        [nameof(DeliveryLimits.AnswerBytesBehind)] = nameof(DeliveryTests.Answers_that_nobody_reads_are_bounded),
        [nameof(TransportLimits.RequestConnectionsPerAddress)] = nameof(
            Transport.ConnectionsByAddressTests.Address_with_too_many_connections_loses_the_one_that_was_silent_longest_and_no_socket),
        [nameof(ConnectionLimits.WriteStall)] = nameof(DeliveryTests.Reader_whose_socket_takes_nothing_for_10_s_is_closed_with_4008),
        [nameof(RoomLimits.RoomsOwned)] = nameof(Conversation.Rooms.PrivateRoomTests.User_owns_as_many_rooms_as_one_may),
        [nameof(RoomLimits.MembersPerRoom)] = nameof(Conversation.Rooms.PrivateRoomTests.Private_room_has_as_many_members_as_it_may),
        [nameof(AccountLimits.PasswordHashQueue)] =
            nameof(SignInEndpointTests.Full_hashing_queue_answers_503_at_once_with_the_time_to_wait),
    };

    /// <summary>Each limit at its value, just beyond it, and a hundred times beyond.</summary>
    public static TheoryData<string, int> Trials() =>
        [.. Rows.SelectMany(row => new[] { row.Allowed, row.Next, 100 * row.Allowed }.Distinct().Select(n => (row.Setting, n)))];

    [Theory]
    [MemberData(nameof(Trials))]
    public async Task Limit_holds_where_it_is_set_and_beyond_it_comes_the_documented_answer(string setting, int tried)
    {
        var row = Rows.Single(row => row.Setting == setting);
        var beyond = tried > row.Allowed;
        await using var probe = await LimitProbe.StartAsync(row, beyond);

        var answer = await row.TryAsync(probe, tried);

        Assert.Equal(beyond ? Answer(setting) : null, answer);
    }

    /// <summary>All but what Kestrel alone can hold, which is the application's.</summary>
    public static TheoryData<string, int> TrialsOfOurs() =>
        [.. Rows.Where(row => !row.OfWebServer).SelectMany(row => new[] { row.Allowed, row.Next }.Select(n => (row.Setting, n)))];

    [Theory]
    [MemberData(nameof(TrialsOfOurs))]
    public async Task Limit_holds_in_somebodys_own_application_too(string setting, int tried)
    {
        var row = Rows.Single(row => row.Setting == setting);
        var beyond = tried > row.Allowed;
        await using var probe = await LimitProbe.StartAsync(row, beyond, embedded: true);

        var answer = await row.TryAsync(probe, tried);

        Assert.Equal(beyond ? Answer(setting) : null, answer);
    }

    [Fact]
    public void Every_limit_is_tried()
    {
        var limits = All.Where(limit => limit.IsDefined(typeof(BeyondAttribute))).Select(limit => limit.Name);

        Assert.Equal(
            limits.Order(StringComparer.Ordinal),
            Rows.Select(row => row.Setting).Concat(TriedBy.Keys).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_answer_is_a_code_that_there_is()
    {
        string[] known =
        [
            .. ErrorCode.All.Select(code => code.Name), .. CloseCode.Own.Select(code => $"{code.Number}"),
            $"{CloseCode.Policy.Number}", $"{CloseCode.TooBig.Number}", "408", "414", "431", BeyondAttribute.Cut,
        ];

        Assert.Empty(Rows.Select(row => Answer(row.Setting)).Except(known));
    }

    /// <summary>What may be 0 without being no limit: nothing at once, no time, nothing kept.</summary>
    private static readonly string[] StrictAtZero =
    [
        nameof(ConnectionLimits.CommandBurst), nameof(ConnectionLimits.FloodTime), nameof(ConnectionLimits.ByteBurst),
        nameof(ConnectionLimits.HandshakeBurst), nameof(AccountLimits.RegisterBurst), nameof(DeliveryLimits.TailBytes),
        nameof(DeliveryLimits.TailBytesInAll),
    ];

    [Fact]
    public void Limit_that_may_be_0_says_what_that_means()
    {
        var mayBeZero = All.Where(limit => limit.GetCustomAttribute<RangeAttribute>() is { } range
            && range.IsValid(limit.PropertyType == typeof(TimeSpan) ? TimeSpan.Zero : 0));

        Assert.Equal(
            mayBeZero.Select(limit => limit.Name).Except(StrictAtZero).Order(StringComparer.Ordinal),
            All.Where(limit => limit.IsDefined(typeof(OffAtZeroAttribute))).Select(limit => limit.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("true", false)]
    [InlineData("false", true)]
    public async Task Rates_and_counts_are_off_where_limits_are_and_sizes_and_bounds_of_memory_stay(string enabled, bool off)
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", enabled), ("Limits:MessageBytes", "77")]);
        var set = server.Services.GetServices<SettingsInForce>().SelectMany(section => section.All)
            .ToDictionary(one => one.Setting.Key, one => Spelling.Show(one.Value), StringComparer.Ordinal);

        Assert.Equal("77", set["Limits:MessageBytes"]);
        Assert.NotEqual("0", set["Limits:BytesBehind"]);
        Assert.All(
            All.Where(limit => limit.GetCustomAttribute<OffAtZeroAttribute>() is { BoundsMemory: false })
                .Where(limit => limit.Name != nameof(ConnectionLimits.Connections)),   // open files bound it still
            limit => Assert.Equal(off, set[$"Limits:{limit.Name}"] == "0"));
    }

    /// <summary>The limits of all owners.</summary>
    internal static IEnumerable<PropertyInfo> All => KnownSettings.Classes.Where(type => Setting.SectionOf(type) == "Limits")
        .SelectMany(Setting.Of).Select(setting => setting.Property);

    private static string Answer(string setting) =>
        All.Single(limit => limit.Name == setting).GetCustomAttribute<BeyondAttribute>()!.Answer;

    /// <summary>A ping command of so many bytes.</summary>
    private static byte[] Ping(int bytes) => Encoding.ASCII.GetBytes("""{"type":"ping","id":1,"x":"...""".PadRight(bytes - 2, '.') + "\"}");

    /// <param name="Setting">Its name in the section <c>Limits</c>.</param>
    /// <param name="Value">As it is set.</param>
    /// <param name="Allowed">How much is allowed then: things, bytes, or milliseconds.</param>
    /// <param name="TryAsync">Tries so much, and returns the answer; null where it was allowed.</param>
    /// <param name="With">Other settings that make the limit visible.</param>
    internal sealed record Row(
        string Setting, string Value, int Allowed, Func<LimitProbe, int, Task<string?>> TryAsync, params (string Key, string Value)[] With)
    {
        /// <summary>What is just beyond.</summary>
        public int Next { get; private init; } = Allowed + 1;

        /// <summary>Whether only Kestrel can hold it.</summary>
        public bool OfWebServer { get; private init; }

        /// <summary>A time, under the test's own clock. Sockets are looked at each second: beyond is two more.</summary>
        public static Row OfTime(
            string setting, int seconds, Func<LimitProbe, TimeSpan, Task<string?>> tryAsync, params (string, string)[] with) =>
            new(
                setting,
                $"00:00:0{seconds}",
                1_000 * seconds,
                (p, ms) => tryAsync(p, TimeSpan.FromMilliseconds(ms)),
                with)
            {
                Next = 1_000 * (seconds + 2),
            };

        /// <summary>A rate: 8 a second, so that the second thing may come after an eighth of a second, and not before.</summary>
        public static Row OfRate(string setting, Func<LimitProbe, TimeSpan, Task<string?>> tryAsync, params (string, string)[] with) =>
            new(setting, "8", 8, (p, n) => tryAsync(p, TimeSpan.FromSeconds(1.0 / n)), with);

        /// <summary>A second of Kestrel's, whose clock no test owns: either nobody waits, or everybody does.</summary>
        public static Row OfRealTime(string setting, Func<LimitProbe, Task<string?>> tryAsync) =>
            new(setting, "00:00:01", 1, (p, _) => tryAsync(p)) { Next = 100, OfWebServer = true };
    }
}

/// <summary>A server with one limit and no other, and the ways to go beyond it.</summary>
internal sealed class LimitProbe : IAsyncDisposable
{
    /// <summary>Rates and counts, which are switched off but for the one that is tried.</summary>
    private static readonly string[] RatesAndCounts =
    [
        .. LimitTests.All.Where(limit => limit.GetCustomAttribute<OffAtZeroAttribute>() is { BoundsMemory: false })
            .Select(limit => limit.Name),
    ];

    private readonly FakeClock _clock = new();
    private readonly List<IDisposable> _open = [];
    private StuckStore? _store;
    private SkaldServer _server = null!;

    private LimitProbe(bool beyond) => Beyond = beyond;

    /// <summary>Whether the limit is to be exceeded.</summary>
    public bool Beyond { get; }

    public static async Task<LimitProbe> StartAsync(LimitTests.Row row, bool beyond, bool embedded = false)
    {
        var probe = new LimitProbe(beyond);
        probe._server = await SkaldServer.StartAsync(
            [
                .. RatesAndCounts.Except([row.Setting, .. row.With.Select(with => with.Key)]).Select(name => ($"Limits:{name}", "0")),
                ("Limits:Enabled", "true"),
                .. row.With.Any(with => with.Key == "PingInterval") ? [] : new[] { ("Limits:PingInterval", "01:00:00") },
                .. row.With.Select(with => ($"Limits:{with.Key}", with.Value)), ($"Limits:{row.Setting}", row.Value),
                ("Accounts:SigningKey", Convert.ToBase64String(Key)),
            ],
            probe._clock,
            configure: services =>
                services.AddSingleton<IMessageStore>(
                    s => probe._store = new StuckStore(ActivatorUtilities.CreateInstance<SqliteMessageStore>(s))),
            embedded: embedded);
        return probe;
    }

    private static byte[] Key { get; } = [.. Enumerable.Range(0, 32).Select(n => (byte)(7 * n))];

    public async ValueTask DisposeAsync()
    {
        foreach (var open in _open)
            open.Dispose();
        await _server.DisposeAsync();
    }

    public Task<string?> SayAsync(string message) => RepeatAsync(1, _ => new { type = "send", id = 1, room = "global", message });

    public Task<string?> CommandAsync(byte[] frame) => FragmentsAsync([frame]);

    /// <summary>Sends one message in parts.</summary>
    public async Task<string?> FragmentsAsync(IEnumerable<byte[]> parts)
    {
        var raw = await RawAsync();
        var fragments = parts.ToArray();
        for (var i = 0; i < fragments.Length; i++)
            await raw.WriteAsync(
                RawHttp.Frame(i == 0 ? WebSocketFrame.Text : WebSocketFrame.Continuation, fragments[i], final: i == fragments.Length - 1));
        return await AnswerAsync(raw, 1);
    }

    /// <summary>Sends so many commands at once.</summary>
    public async Task<string?> RepeatAsync(int count, Func<int, object> command)
    {
        var raw = await RawAsync();
        for (var id = 1; id <= count; id++)
            await raw.SendTextAsync(JsonSerializer.Serialize(command(id)));
        return await AnswerAsync(raw, count);
    }

    /// <summary>Edits one message so many times.</summary>
    public async Task<string?> EditAsync(int count)
    {
        var raw = await RawAsync();
        await raw.SendTextAsync("""{"type":"send","id":0,"room":"global","message":"0"}""");
        await raw.SkipToAsync("ack");
        for (var id = 1; id <= count; id++)
            await raw.SendTextAsync(JsonSerializer.Serialize(new { type = "edit", id, room = "global", seq = 1, message = $"{id}" }));
        return await AnswerAsync(raw, count);
    }

    /// <summary>Sends so many signals into a room.</summary>
    /// <param name="data">Of each.</param>
    /// <param name="sockets">How many have joined the room, the sender's included.</param>
    public async Task<string?> SignalAsync(int count, string data = "{}", int sockets = 1)
    {
        var ann = await AnnAsync();
        RawHttp raw = null!;
        for (var i = 0; i < sockets; i++)
        {
            raw = await RawHttp.UpgradeAsync(_server.Address, $"/ws/?token={ann.Access}");
            _open.Add(raw);
            await raw.SendTextAsync("""{"type":"join","id":0,"room":"global"}""");
            await raw.SkipToAsync("joined");
        }

        for (var id = 1; id <= count; id++)
            await raw.SendTextAsync($$"""{"type":"signal","id":{{id}},"room":"global","event":"cursor","data":{{data}}}""");
        return await AnswerAsync(raw, count);
    }

    public async Task<string?> FinishLateAsync(TimeSpan time)
    {
        var raw = await RawAsync();
        // It has seen the beginning when it answers the ping that stands in the middle.
        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Text, """{"type":"""u8, final: false));
        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Ping, "seen"u8));
        Assert.Equal(WebSocketFrame.Pong, (await raw.ReadFrameAsync())!.Opcode);
        _clock.Advance(time);
        if (!Beyond)
            await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Continuation, "\"ping\",\"id\":1}"u8));
        return await AnswerAsync(raw, 1);
    }

    public async Task<string?> TwoPingsAsync(TimeSpan between)
    {
        var raw = await RawAsync();
        await raw.SendTextAsync("""{"type":"ping","id":1}""");
        Assert.Null(await AnswerAsync(raw, 1));
        _clock.Advance(between);
        await raw.SendTextAsync("""{"type":"ping","id":2}""");
        return await AnswerAsync(raw, 2);
    }

    /// <summary>Goes beyond its rate each half second, for so long.</summary>
    public async Task<string?> FloodAsync(TimeSpan time)
    {
        var raw = await RawAsync();
        var id = 0;
        for (var passed = TimeSpan.Zero; passed <= time; passed += TimeSpan.FromMilliseconds(500))
        {
            await raw.SendTextAsync($$"""{"type":"ping","id":{{++id}}}""");
            await raw.SendTextAsync($$"""{"type":"ping","id":{{++id}}}""");
            if (await AnswerAsync(raw, id) is { } answer and not "rate_limited")
                return answer;
            _clock.Advance(TimeSpan.FromMilliseconds(500));
        }

        return null;
    }

    /// <summary>Opens so many sockets of one user, and keeps them.</summary>
    public async Task<string?> OpenAsync(int count)
    {
        var ann = await AnnAsync();
        for (var left = count; ; left--)
        {
            var raw = await RawHttp.OpenAsync(_server.Address);
            _open.Add(raw);
            var answer = await raw.AskAsync(_server.Address, $"GET /ws/?token={ann.Access}", RawHttp.Handshake, body: "");
            var refused = answer.Status != 101 ? answer.Code
                : await raw.ReadJsonAsync() is var first && first.GetProperty("type").GetString() == "closing" ? first.GetProperty("code")
                .GetRawText()
                : null;
            if (left == 1)
                return refused;
        }
    }

    public async Task<string?> HandshakesAsync(int count)
    {
        RawAnswer answer;
        do
            answer = await RawHttp.HandshakeAsync(_server.Address, "/ws/?token=wrong");
        while (--count > 0);
        return answer.Status == 403 ? null : answer.Code;
    }

    public async Task<string?> TwoHandshakesAsync(TimeSpan between)
    {
        Assert.Null(await HandshakesAsync(1));
        _clock.Advance(between);
        return await HandshakesAsync(1);
    }

    public async Task<string?> AuthenticateLateAsync(TimeSpan time)
    {
        var raw = await RawHttp.UpgradeAsync(_server.Address, "/ws/");
        _open.Add(raw);
        await raw.SendTextAsync("""{"type":"ping","id":1}""");
        await raw.SkipToAsync("error");
        _clock.Advance(time);
        if (!Beyond)
            await raw.SendTextAsync($$"""{"type":"auth","id":1,"token":"{{(await AnnAsync()).Access}}"}""");
        return await AnswerAsync(raw, 1);
    }

    public async Task<string?> AnswerPingLateAsync(TimeSpan time)
    {
        var raw = await RawAsync();
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(WebSocketFrame.Ping, (await raw.ReadFrameAsync())!.Opcode);
        _clock.Advance(time);
        if (Beyond)
        {
            await raw.ExpectEndAsync();
            return BeyondAttribute.Cut;
        }

        await raw.WriteAsync(RawHttp.Frame(WebSocketFrame.Pong, []));
        await raw.SendTextAsync("""{"type":"ping","id":1}""");
        return await AnswerAsync(raw, 1);
    }

    /// <summary>While the storage holds one message, so many more come.</summary>
    public async Task<string?> FillQueueAsync(int count)
    {
        var stuck = _store!.Stick();
        var raw = await RawAsync();
        await raw.SendTextAsync("""{"type":"send","room":"global","message":"stuck"}""");
        await stuck.Within();
        for (var id = 1; id <= count; id++)
            await raw.SendTextAsync($$"""{"type":"send","id":{{id}},"room":"global","message":"x"}""");
        await raw.SendTextAsync("""{"type":"ping","id":0}""");
        // A refusal comes at once; an ack only when the storage goes on.
        var refused = await AnswerAsync(raw, count, orElse: 0);
        _store.GoOn();
        return refused;
    }

    /// <summary>Reads so many pages at once: the storage is stuck, so none of them ends.</summary>
    public async Task<string?> ReadHistoryAsync(int count)
    {
        var ann = await AnnAsync();
        (await ann.PublishAsync("global", "x")).Dispose();
        var page = "/api/chat/history/global/";
        for (var left = count; left > 1; left--)
        {
            var stuck = _store!.Stick();
            var reading = ann.SendAsync(HttpMethod.Get, page);
            await Task.WhenAny(stuck, reading).Within();
        }

        var entered = _store!.Stick();
        var last = ann.SendAsync(HttpMethod.Get, page);
        await Task.WhenAny(entered, last).Within();
        _store.GoOn();
        using var answer = await last.Within();
        return answer.IsSuccessStatusCode ? null : (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString();
    }

    public async Task<string?> LoginsAsync(int count, string password)
    {
        await RegisterAsync("ann");
        string? code = null;
        for (var left = count; left > 0; left--)
            code = await PostAsync("/api/login/", new { username = "ann", password });
        return code == "invalid_credentials" ? null : code;
    }

    public async Task<string?> RegistrationsAsync(int count)
    {
        string? code = null;
        for (var n = 0; n < count; n++)
            code = await RegisterAsync($"user{n}");
        return code;
    }

    public async Task<string?> TwoRegistrationsAsync(TimeSpan between)
    {
        Assert.Null(await RegisterAsync("bob"));
        _clock.Advance(between);
        return await RegisterAsync("cid");
    }

    /// <summary>Presents a token that is good, and of this length.</summary>
    public async Task<string?> TokenAsync(int bytes)
    {
        var good = (await AnnAsync()).Access;
        // Not every length is one of base64: padding either part meets all.
        var token = Lengths(good, bytes).First(token => token.Length == bytes);
        var raw = await RawHttp.UpgradeAsync(_server.Address, "/ws/");
        _open.Add(raw);
        await raw.SendTextAsync($$"""{"type":"auth","id":1,"token":"{{token}}"}""");
        return await AnswerAsync(raw, 1);
    }

    /// <summary>Sends a request byte for byte.</summary>
    /// <param name="request">Makes it of its first line and the line that names the host.</param>
    public async Task<string?> RequestAsync(Func<string, string, string> request)
    {
        using var raw = await RawHttp.OpenAsync(_server.Address);
        await raw.WriteAsync(request("GET /healthz HTTP/1.1\r\n", $"Host: {_server.Address.Authority}\r\n"));
        var answer = await raw.ReadAnswerAsync();
        return answer.Status == 200 ? null : $"{answer.Status}";
    }

    public async Task<string?> RequestAgainAsync()
    {
        using var raw = await RawHttp.OpenAsync(_server.Address);
        Assert.Equal(200, (await raw.AskAsync(_server.Address, "GET /healthz", [], body: "")).Status);
        if (Beyond)
        {
            await raw.ExpectEndAsync();
            return BeyondAttribute.Cut;
        }

        return (await raw.AskAsync(_server.Address, "GET /healthz", [], body: "")).Status == 200 ? null : "not answered";
    }

    public async Task<string?> PublishAsync(int bytes)
    {
        var ann = await AnnAsync();
        using var raw = await RawHttp.OpenAsync(_server.Address);
        var answer = await raw.AskAsync(
            _server.Address, "POST /api/rooms/global/messages/",
            [$"Authorization: Bearer {ann.Access}", "Content-Type: application/json", $"Content-Length: {bytes}"],
            """{"message":"x"}""".PadRight(bytes));
        return answer.Status == 201 ? null : answer.Code;
    }

    private static IEnumerable<string> Lengths(string good, int bytes) =>
        Enumerable.Range(0, 4).SelectMany(_ => Enumerable.Range(Math.Max(0, (bytes - good.Length) * 3 / 4 - 40), 80), (header, payload) =>
            new ForgedToken(good, Key).WithHeader("x", new string('x', header)).With("x", new string('x', payload)).Sign());

    private async Task<TestUser> AnnAsync()
    {
        await RegisterAsync("ann");
        return await _server.LoginAsync("ann");
    }

    private async Task<RawHttp> RawAsync()
    {
        var raw = await RawHttp.UpgradeAsync(_server.Address, $"/ws/?token={(await AnnAsync()).Access}");
        _open.Add(raw);
        await raw.SkipToAsync("ready");
        return raw;
    }

    private Task<string?> RegisterAsync(string username) => PostAsync("/api/register/", new { username, password = "12345678" });

    /// <returns>The code of the refusal, or null.</returns>
    private async Task<string?> PostAsync(string path, object body)
    {
        using var response = await _server.Http.PostAsJsonAsync(path, body);
        return response.IsSuccessStatusCode
            ? null
            : (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString();
    }

    /// <summary>Reads on to the answer of a command.</summary>
    /// <returns>The code of an error or of the close; null where the command was done.</returns>
    private static async Task<string?> AnswerAsync(RawHttp raw, int id, int? orElse = null)
    {
        while (true)
        {
            var frame = await raw.ReadJsonAsync();
            var type = frame.GetProperty("type").GetString();
            if (type == "closing")
                return frame.GetProperty("code").GetInt32().ToString(CultureInfo.InvariantCulture);
            if (!frame.TryGetProperty("re", out var re) || (re.GetInt32() != id && re.GetInt32() != orElse))
                continue;
            return type == "error" ? frame.GetProperty("code").GetString() : null;
        }
    }

    /// <summary>Stores as the real one does, but for when it is stuck.</summary>
    private sealed class StuckStore(IMessageStore store) : StoreBehind(store)
    {
        private TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _stuck;

        /// <returns>Done when the next batch or reader has come, and waits.</returns>
        public Task Stick()
        {
            _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _stuck = true;
            return _entered.Task;
        }

        public void GoOn() => _goOn.TrySetResult();

        public override async Task AppendAsync(Batch batch)
        {
            await PassAsync();
            await Store.AppendAsync(batch);
        }

        public override async Task ReadAsync(Room room, long first, long last, EntryVisitor visit)
        {
            await PassAsync();
            await Store.ReadAsync(room, first, last, visit);
        }

        public override async Task ReadMessagesAsync(Room room, long first, long last, bool newestFirst, MessageVisitor visit)
        {
            await PassAsync();
            await Store.ReadMessagesAsync(room, first, last, newestFirst, visit);
        }

        private Task PassAsync()
        {
            if (!_stuck)
                return Task.CompletedTask;
            _entered.TrySetResult();
            return _goOn.Task;
        }
    }
}
