using System.Text;
using System.Text.Json;
using Skald.Protocol;
using Skald.Tests.Harness;

namespace Skald.Tests.Delivery;

/// <summary>From the log to the readers: once, in order, and nobody waits for a slow one. Run over each way out of the server.</summary>
public abstract class DeliveryTests
{
    private const string Room = "global";

    /// <summary>So long that some hundreds of them are more than the sockets' buffers take.</summary>
    private static readonly string LongText = new('x', 3_900);

    [Fact]
    public async Task Everyone_sees_what_four_send_in_one_order_and_each_senders_messages_in_the_order_they_were_sent()
    {
        const int Each = 100;
        await using var server = await StartAsync();
        var ann = await server.RegisterAsync("ann");
        var readers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => ann.JoinAsync(Room)));

        await Task.WhenAll(Enumerable.Range(0, 4).Select(sender => SendWithoutWaitingAsync(ann, $"{sender}", Each)));

        var seen = await Task.WhenAll(readers.Select(reader => ReadAsync(reader, 4 * Each)));
        Assert.All(seen, messages =>
        {
            Assert.Equal(Enumerable.Range(1, 4 * Each).Select(seq => (long)seq), messages.Select(message => message.Seq));
            Assert.Equal(seen[0], messages);
        });
        for (var sender = 0; sender < 4; sender++)
        {
            var own = seen[0].Where(message => message.Text.StartsWith($"{sender}:", StringComparison.Ordinal))
                .Select(message => message.Text);
            Assert.Equal(Enumerable.Range(0, Each).Select(n => $"{sender}:{n}"), own);
        }
    }

    [Fact]
    public async Task Reader_who_lost_the_socket_gets_every_message_once_and_in_order()
    {
        await using var server = await StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var sender = await ann.ConnectAsync();
        var lost = await ann.JoinAsync(Room);
        await SayAcknowledgedAsync(sender, "1", "2");
        Assert.Equal(["1", "2"], await lost.ReceiveMessagesAsync(2));
        lost.Cut();
        await SayAcknowledgedAsync(sender, "3", "4", "5");

        await using var back = await ann.ConnectAsync();
        var joined = await back.JoinAsync(Room, since: 2);
        await SayAcknowledgedAsync(sender, "6");

        Assert.True(joined.GetProperty("complete").GetBoolean());
        Assert.Equal(2, joined.GetProperty("since").GetInt64());
        Assert.Equal(5, joined.GetProperty("seq").GetInt64());
        Assert.Equal(["3", "4", "5", "6"], await back.ReceiveMessagesAsync(4));
    }

    [Fact]
    public async Task Twelve_readers_cut_at_random_while_four_send_each_see_every_message_once_and_in_order()
    {
        const int Each = 120;
        await using var server = await StartAsync();
        var ann = await server.RegisterAsync("ann");

        var sending = Task.WhenAll(Enumerable.Range(0, 4).Select(sender => SendAcknowledgedAsync(ann, $"{sender}", Each)));
        var reading = Task.WhenAll(
            Enumerable.Range(0, 12).Select(reader => ReadWithCutsAsync(ann, 4 * Each, new Random(reader), roomSocket: reader % 3 == 0)));

        await sending;
        Assert.All(await reading, seen => Assert.Equal(Enumerable.Range(1, 4 * Each).Select(seq => (long)seq), seen));
    }

    [Fact]
    public async Task Reader_of_many_rooms_gets_each_rooms_messages_in_order()
    {
        string[] rooms = ["one", "two", "three"];
        await using var server = await StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var reader = await ann.JoinAsync(rooms);

        await Task.WhenAll(rooms.Select(room => SendWithoutWaitingAsync(ann, room, 50, room)));

        var seen = new Dictionary<string, List<long>>(StringComparer.Ordinal);
        for (var i = 0; i < 150; i++)
        {
            var message = await reader.ExpectAsync("chat_message");
            var room = message.GetProperty("room").GetString()!;
            if (!seen.TryGetValue(room, out var seqs))
                seen.Add(room, seqs = []);
            seqs.Add(message.GetProperty("seq").GetInt64());
        }

        Assert.All(rooms, room => Assert.Equal(Enumerable.Range(1, 50).Select(seq => (long)seq), seen[room]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2_000)]
    public async Task Text_of_every_length_around_a_frame_headers_steps_arrives_as_it_was_sent(int longest)
    {
        // The header of a frame grows at 126 bytes; the fields around a text take some 110.
        var texts = Enumerable.Range(1, 20).Select(n => new string('a', longest + n)).Append("👋🏽 grüße \u2028 \" \\ \n <b>").ToArray();
        await using var server = await StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var reader = await ann.JoinAsync(Room);

        await SayAsync(reader, texts);

        Assert.Equal(texts, await reader.ReceiveMessagesAsync(texts.Length));
    }

    [Fact]
    public async Task Longest_text_of_four_byte_characters_arrives_whole()
    {
        var text = string.Concat(Enumerable.Repeat("👋", 2_000));
        await using var server = await StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var reader = await ann.JoinAsync(Room);

        // As it is: escaped as \ud83d\udc4b it would be three times as long, and more than a frame may be.
        await reader.SendTextAsync($$"""{"type":"send","room":"{{Room}}","message":"{{text}}"}""");

        Assert.Equal([text], await reader.ReceiveMessagesAsync(1));
    }

    [Fact]
    public async Task Slow_reader_is_closed_with_4008_holds_nobody_up_and_can_resume()
    {
        // The server's time stands still: nothing but the number of waiting messages can close a socket.
        await using var server = await StartAsync(clock: new FakeClock(), ("Limits:MessagesBehind", "100"));
        var ann = await server.RegisterAsync("ann");
        using var slow = await RawHttp.UpgradeAsync(server.Address, $"/ws/chat/{Room}/?token={ann.Access}", receiveBuffer: 4_096);
        await using var quick = await ann.JoinAsync(Room);

        var sent = await SendUntilAsync(
            quick,
            () => server.Log.Lines.Any(line => line.Contains("4008 slow_consumer", StringComparison.Ordinal)));

        var seen = 0L;
        JsonElement closing = default;
        while (await slow.ReadFrameAsync() is { Opcode: WebSocketFrame.Text } frame)
        {
            var message = JsonElement.Parse(Encoding.UTF8.GetString(frame.Payload));
            if (message.GetProperty("type").GetString() == "closing")
                closing = message;
            else
                Assert.Equal(++seen, message.GetProperty("seq").GetInt64());
        }

        Assert.Equal(4008, closing.GetProperty("code").GetInt32());
        Assert.True(closing.GetProperty("reconnect").GetBoolean());
        Assert.InRange(seen, 0, sent - 100);

        await using var back = await ann.OpenRoomAsync(Room, $"&since={seen}");
        Assert.Equal(seen, (await back.ExpectAsync("joined")).GetProperty("since").GetInt64());
        for (var seq = seen + 1; seq <= sent; seq++)
            Assert.Equal(seq, (await back.ExpectAsync("chat_message")).GetProperty("seq").GetInt64());
    }

    [Fact]
    public async Task Slow_reader_within_the_limits_falls_off_the_tail_and_catches_up_from_the_log()
    {
        await using var server = await StartAsync(
            clock: new FakeClock(), ("Limits:MessagesBehind", "0"), ("Limits:BytesBehind", "0"), ("Limits:TailBytes", "16384"));
        var ann = await server.RegisterAsync("ann");
        using var slow = await RawHttp.UpgradeAsync(server.Address, $"/ws/chat/{Room}/?token={ann.Access}", receiveBuffer: 4_096);
        await using var quick = await ann.JoinAsync(Room);

        var sent = await SendUntilAsync(quick, () => false, most: 1_500);

        for (var seq = 1L; seq <= sent; seq++)
            Assert.Equal(seq, (await slow.ReadJsonAsync()).GetProperty("seq").GetInt64());
    }

    [Fact]
    public async Task Reader_whose_socket_takes_nothing_for_10_s_is_closed_with_4008()
    {
        var clock = new FakeClock();
        await using var server = await StartAsync(
            clock, ("Limits:MessagesBehind", "0"), ("Limits:BytesBehind", "0"), ("Limits:PingInterval", "01:00:00"));
        var ann = await server.RegisterAsync("ann");
        using var stuck = await RawHttp.UpgradeAsync(server.Address, $"/ws/chat/{Room}/?token={ann.Access}", receiveBuffer: 4_096);
        await using (var quick = await ann.JoinAsync(Room))
            await SendUntilAsync(quick, () => false, most: 1_500);

        clock.Advance(TimeSpan.FromSeconds(12));

        await Deadline.UntilAsync(
            () => server.Log.Lines.Any(line => line.Contains("4008 slow_consumer", StringComparison.Ordinal)),
            "the socket is closed with 4008");
    }

    [Fact]
    public async Task Answers_that_nobody_reads_are_bounded()
    {
        await using var server = await StartAsync(clock: new FakeClock(), ("Limits:AnswerBytesBehind", "65536"));
        var ann = await server.RegisterAsync("ann");
        await using (var first = await ann.ConnectAsync())
        {
            await first.SayAsync(Room, LongText, "one-and-the-same");
            await first.ExpectAsync("ack");
        }

        // Each repeat is short, and its ack carries the long text of the first time.
        const int Sends = 2_500;
        using var deaf = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}", receiveBuffer: 4_096);
        for (var i = 0; i < Sends; i++)
            await deaf.SendTextAsync($$"""{"type":"send","id":{{i}},"room":"global","message":"x","client_msg_id":"one-and-the-same"}""");

        var acks = 0;
        var types = new List<string>();
        while (await deaf.ReadFrameAsync() is { Opcode: WebSocketFrame.Text } frame)
        {
            var type = JsonElement.Parse(Encoding.UTF8.GetString(frame.Payload)).GetProperty("type").GetString()!;
            if (type == "ack")
                acks++;
            else
                types.Add(type);
        }

        Assert.Equal(["ready", "closing"], types);
        Assert.InRange(acks, 1, Sends - 100);
    }

    /// <summary>A server whose bytes take one of the ways out.</summary>
    private protected abstract Task<SkaldServer> StartAsync(TimeProvider? clock, params (string Key, string Value)[] settings);

    private Task<SkaldServer> StartAsync() => StartAsync(clock: null);

    private static async Task<List<(long Seq, string Text)>> ReadAsync(ChatSocket reader, int count)
    {
        await using var _ = reader;
        var seen = new List<(long, string)>(count);
        for (var i = 0; i < count; i++)
        {
            var message = await reader.ExpectAsync("chat_message");
            seen.Add((message.GetProperty("seq").GetInt64(), message.GetProperty("message").GetString()!));
        }

        return seen;
    }

    /// <summary>
    /// Reads until it has seen everything, over as many sockets as its luck asks for; each goes on where the last one ended.
    /// </summary>
    private static async Task<List<long>> ReadWithCutsAsync(TestUser user, int count, Random luck, bool roomSocket)
    {
        var seen = new List<long>(count);
        while (seen.Count < count)
        {
            var since = seen.Count == 0 ? 0 : seen[^1];
            await using var socket = roomSocket ? await user.OpenRoomAsync(Room, $"&since={since}") : await user.ConnectAsync();
            var joined = roomSocket ? await socket.ExpectAsync("joined") : await socket.JoinAsync(Room, since);
            Assert.True(joined.GetProperty("complete").GetBoolean());
            for (var left = luck.Next(1, 60); left > 0 && seen.Count < count; left--)
                seen.Add((await socket.ExpectAsync("chat_message")).GetProperty("seq").GetInt64());
            socket.Cut();
        }

        return seen;
    }

    /// <summary>Sends as fast as the socket takes it, then waits for every ack.</summary>
    private static async Task SendWithoutWaitingAsync(TestUser user, string name, int count, string room = Room)
    {
        await using var socket = await user.ConnectAsync();
        for (var i = 0; i < count; i++)
            await socket.SayAsync(room, $"{name}:{i}");
        for (var i = 1; i <= count; i++)
            Assert.Equal(i, (await socket.ExpectAsync("ack")).GetProperty("re").GetInt32());
    }

    private static async Task SendAcknowledgedAsync(TestUser user, string name, int count)
    {
        await using var socket = await user.ConnectAsync();
        await SayAcknowledgedAsync(socket, [.. Enumerable.Range(0, count).Select(n => $"{name}:{n}")]);
    }

    private static async Task SayAcknowledgedAsync(ChatSocket socket, params string[] texts)
    {
        foreach (var text in texts)
        {
            await socket.SayAsync(Room, text);
            await socket.ExpectAsync("ack");
        }
    }

    private static async Task SayAsync(ChatSocket socket, params string[] texts)
    {
        foreach (var text in texts)
            await socket.SendAsync(new { type = "send", room = Room, message = text });
    }

    /// <summary>
    /// Sends long messages, and waits until the sender itself has received each: so a reader that does not read holds it up, if it can.
    /// </summary>
    /// <returns>How many.</returns>
    private static async Task<int> SendUntilAsync(ChatSocket socket, Func<bool> enough, int most = 4_000)
    {
        const int AtOnce = 25;
        var sent = 0;
        while (sent < most && !enough())
        {
            for (var i = 0; i < AtOnce; i++)
                await socket.SendAsync(new { type = "send", room = Room, message = LongText });
            for (var i = 0; i < AtOnce; i++)
                Assert.Equal(++sent, (await socket.ExpectAsync("chat_message")).GetProperty("seq").GetInt64());
        }

        return sent;
    }
}
