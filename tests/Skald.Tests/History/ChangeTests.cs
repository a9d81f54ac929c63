using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Skald.Server.Storage.Sqlite;
using Skald.Tests.Harness;

namespace Skald.Tests.History;

/// <summary>Edits and deletes: entries of the log about a message, which is everywhere what it is now.</summary>
[BothEngines]
public sealed class ChangeTests
{
    [Fact]
    public async Task Edit_and_delete_reach_every_reader_as_entries_with_the_message_as_it_is()
    {
        await using var server = await SkaldServer.StartAsync();
        var (ann, bob) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));
        await using var writer = await ann.JoinAsync("tech");
        await using var reader = await bob.JoinAsync("tech");
        await SayAsync(writer, "tech", "Helo", "message-1");

        await writer.SendAsync(new { type = "edit", id = 1, room = "tech", seq = 1, message = "Hello" });
        var edited = await writer.SkipToAsync("ack");
        await writer.SendAsync(new { type = "delete", id = 2, room = "tech", seq = 1 });
        var deleted = await writer.SkipToAsync("ack");

        Assert.Equal(
            (2, 1, false),
            (edited.GetProperty("seq").GetInt32(), edited.GetProperty("target").GetInt32(), edited.GetProperty("duplicate").GetBoolean()));
        Assert.Equal((3, 1), (deleted.GetProperty("seq").GetInt32(), deleted.GetProperty("target").GetInt32()));
        Assert.Equal("Helo", (await reader.ExpectAsync("chat_message")).GetProperty("message").GetString());
        var edit = await reader.ExpectAsync("entry");
        Assert.Equal(
            ("edited", 2, "ann", 1),
            (
                edit.GetProperty("kind").GetString(),
                edit.GetProperty("seq").GetInt32(),
                edit.GetProperty("by").GetString(),
                edit.GetProperty("target").GetInt32()));
        var now = edit.GetProperty("now");
        Assert.Equal(
            ("Hello", 1, 2, 2, "message-1"),
            (
                now.GetProperty("message").GetString(),
                now.GetProperty("seq").GetInt32(),
                now.GetProperty("version").GetInt32(),
                now.GetProperty("text_version").GetInt32(),
                now.GetProperty("client_msg_id").GetString()));
        Assert.Equal(edited.GetProperty("timestamp").GetString(), now.GetProperty("edited_at").GetString());
        var delete = await reader.ExpectAsync("entry");
        Assert.Equal(("deleted", 3), (delete.GetProperty("kind").GetString(), delete.GetProperty("seq").GetInt32()));
        Assert.False(delete.GetProperty("now").TryGetProperty("message", out _));
        Assert.Equal("ann", delete.GetProperty("now").GetProperty("deleted").GetProperty("by").GetString());
    }

    [Fact]
    public async Task Who_comes_back_is_brought_every_number_once_and_never_an_older_text_after_a_newer()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var writer = await ann.ConnectAsync();
        await SayAsync(writer, "tech", "0");
        for (var n = 1; n <= 50; n++)
            await EditAsync(writer, 1, $"{n}");
        await SayAsync(writer, "tech", "last");

        await using var reader = await ann.ConnectAsync();
        await reader.JoinAsync("tech", since: 0);

        for (var seq = 1; seq <= 52; seq++)
        {
            var frame = await reader.ReceiveAsync();
            Assert.Equal(seq, frame.GetProperty("seq").GetInt32());
            var message = frame.TryGetProperty("now", out var now) ? now : frame;
            Assert.Equal(seq == 52 ? "last" : "50", message.GetProperty("message").GetString());
            Assert.Equal(seq == 52 ? 52 : 51, message.GetProperty("version").GetInt32());
        }
    }

    [Fact]
    public async Task Room_socket_that_knows_no_position_hears_messages_only_and_one_that_does_hears_all()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var writer = await ann.ConnectAsync();
        await using var plain = await ann.OpenRoomAsync("global");
        await using var resuming = await ann.OpenRoomAsync("global", "&since=0");
        await resuming.ExpectAsync("joined");

        await SayAsync(writer, "global", "a");
        await EditAsync(writer, 1, "b", "global");
        await SayAsync(writer, "global", "c");
        await writer.SendAsync(new { type = "delete", id = 9, room = "global", seq = 3 });
        await writer.SkipToAsync("ack");
        await SayAsync(writer, "global", "d");

        Assert.Equal(["a", "c", "d"], await plain.ReceiveMessagesAsync(3));
        var kinds = new List<string>();
        for (var seq = 1; seq <= 5; seq++)
        {
            var frame = await resuming.ReceiveAsync();
            Assert.Equal(seq, frame.GetProperty("seq").GetInt32());
            kinds.Add(frame.TryGetProperty("kind", out var kind) ? kind.GetString()! : frame.GetProperty("message").GetString()!);
        }

        Assert.Equal(["a", "edited", "c", "deleted", "d"], kinds);
    }

    [Fact]
    public async Task Message_that_was_deleted_before_it_was_read_is_a_number_with_nothing_in_it()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var writer = await ann.ConnectAsync();
        await using var present = await ann.JoinAsync("tech");   // so that the room has a tail
        await SayAsync(writer, "tech", "a secret");
        await SayAsync(writer, "tech", "kept");
        await writer.SendAsync(new { type = "delete", id = 1, room = "tech", seq = 1 });
        await writer.SkipToAsync("ack");
        await present.SkipToAsync("entry");

        await using var reader = await ann.ConnectAsync();
        await reader.JoinAsync("tech", since: 0);
        var frames = new[] { await reader.ReceiveTextAsync(), await reader.ReceiveTextAsync(), await reader.ReceiveTextAsync() };

        Assert.Equal("""{"type":"entry","room":"tech","seq":1,"kind":"none"}""", frames[0]);
        Assert.Contains("kept", frames[1], StringComparison.Ordinal);
        Assert.Contains("\"kind\":\"deleted\"", frames[2], StringComparison.Ordinal);
        Assert.All(frames, frame => Assert.DoesNotContain("secret", frame, StringComparison.Ordinal));
        Assert.Equal("kept", Assert.Single(await ann.HistoryAsync("tech")).GetProperty("message").GetString());
    }

    [Fact]
    public async Task Page_of_messages_is_one_whatever_lies_between_them_and_names_where_to_go_on()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var writer = await ann.ConnectAsync();
        for (var n = 1; n <= 100; n++)
            await SayAsync(writer, "tech", $"{n}");
        for (var n = 0; n < 500; n++)
            await EditAsync(writer, 100, $"edit {n}");

        using var response = await ann.SendAsync(HttpMethod.Get, "/api/chat/history/tech/");
        var page = (await response.Content.ReadFromJsonAsync<JsonElement[]>())!;

        Assert.Equal(Enumerable.Range(1, 100), page.Select(message => message.GetProperty("seq").GetInt32()));
        Assert.Equal("edit 499", page[^1].GetProperty("message").GetString());
        Assert.False(response.Headers.Contains("Link"));
        Assert.Equal("600", Assert.Single(response.Headers.GetValues("Skald-Seq")));
        await using var reader = await ann.ConnectAsync();
        var joined = await reader.JoinAsync("tech", since: 600, epoch: Assert.Single(response.Headers.GetValues("Skald-Epoch")));
        Assert.True(joined.GetProperty("complete").GetBoolean());
        await SayAsync(writer, "tech", "next");
        Assert.Equal(601, (await reader.ReceiveAsync()).GetProperty("seq").GetInt32());
    }

    /// <summary>
    /// The one rule of docs/protocol: whenever a page is read and whatever follows it, what is held at the end is what a page then
    /// says.
    /// </summary>
    [Fact]
    public async Task Page_read_at_any_moment_and_what_followed_it_are_the_page_that_is_read_at_the_end()
    {
        var random = new Random(Seed.Next(nameof(Page_read_at_any_moment_and_what_followed_it_are_the_page_that_is_read_at_the_end)));
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var writer = await ann.ConnectAsync();
        await using var live = await ann.JoinAsync("tech");
        var (held, pages, alive) = (new Dictionary<int, JsonElement>(), new List<JsonElement[]>(), new List<int>());
        for (var step = 1; step <= 300; step++)
        {
            var what = random.Next(10);
            if (what < 5 || alive.Count == 0)
            {
                alive.Add(await SayAsync(writer, "tech", $"{step}"));
            }
            else if (what < 8)
            {
                await EditAsync(writer, alive[random.Next(alive.Count)], $"edit {step}");
            }
            else
            {
                var index = random.Next(alive.Count);
                await writer.SendAsync(new { type = "delete", id = step, room = "tech", seq = alive[index] });
                await writer.SkipToAsync("ack");
                alive.RemoveAt(index);
            }

            if (step % 50 == 0)
                pages.Add(await ann.HistoryAsync("tech", "?limit=1000"));
        }

        // The pages in between are taken before, amid and after what was heard live, in another order than they were read in.
        var frames = new List<JsonElement>();
        while (frames.Count == 0 || frames[^1].GetProperty("seq").GetInt32() < 300)
            frames.Add(await live.ReceiveAsync());
        foreach (var part in frames.Chunk(60).Zip(pages.Concat(pages).OrderBy(_ => random.Next())))
        {
            Array.ForEach(part.Second, Take);
            Array.ForEach(part.First, Take);
        }

        Assert.Equal(
            (await ann.HistoryAsync("tech", "?limit=1000")).Select(message => message.GetRawText()),
            held.OrderBy(message => message.Key).Where(message => !message.Value.TryGetProperty("deleted", out _))
                .Select(message => message.Value.GetRawText()));

        void Take(JsonElement frame)
        {
            var message = frame.TryGetProperty("now", out var now) ? now : frame;
            if (frame.TryGetProperty("kind", out var kind) && kind.GetString() == "none")
                return;
            var seq = message.GetProperty("seq").GetInt32();
            if (held.TryGetValue(seq, out var old)
                ? message.GetProperty("version").GetInt32() > old.GetProperty("version").GetInt32()
                : !frame.TryGetProperty("now", out _))
                held[seq] = message;
        }
    }

    [Fact]
    public async Task Over_HTTP_a_message_is_edited_and_deleted_by_its_address()
    {
        await using var server = await SkaldServer.StartAsync();
        var (ann, bob) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));
        await ann.PublishAsync("global", "Helo");

        Assert.Equal(
            (HttpStatusCode.OK, 2),
            await ChangeAsync(ann, HttpMethod.Patch, 1, new { message = "Hello", client_msg_id = "abcdefgh" }));
        Assert.Equal((HttpStatusCode.OK, 3), await ChangeAsync(ann, HttpMethod.Patch, 1, new { message = "Hello!" }));
        // Repeated: it was stored.
        Assert.Equal(
            (HttpStatusCode.OK, 2),
            await ChangeAsync(ann, HttpMethod.Patch, 1, new { message = "Hello", client_msg_id = "abcdefgh" }));
        // Unchanged.
        Assert.Equal((HttpStatusCode.OK, 3), await ChangeAsync(ann, HttpMethod.Patch, 1, new { message = "Hello!" }));
        Assert.Equal((HttpStatusCode.Conflict, 0), await ChangeAsync(ann, HttpMethod.Patch, 1, new { message = "Hi", if_version = 1 }));
        Assert.Equal((HttpStatusCode.Forbidden, 0), await ChangeAsync(bob, HttpMethod.Patch, 1, new { message = "Hi" }));
        Assert.Equal((HttpStatusCode.Forbidden, 0), await ChangeAsync(bob, HttpMethod.Delete, 1));
        Assert.Equal((HttpStatusCode.NotFound, 0), await ChangeAsync(ann, HttpMethod.Delete, 2));
        Assert.Equal((HttpStatusCode.NotFound, 0), await ChangeAsync(ann, HttpMethod.Delete, 0));
        Assert.Equal("Hello!", Assert.Single(await ann.HistoryAsync("global")).GetProperty("message").GetString());
        Assert.Equal((HttpStatusCode.OK, 4), await ChangeAsync(ann, HttpMethod.Delete, 1));
        Assert.Equal((HttpStatusCode.OK, 4), await ChangeAsync(ann, HttpMethod.Delete, 1));
        Assert.Equal((HttpStatusCode.Gone, 0), await ChangeAsync(ann, HttpMethod.Patch, 1, new { message = "Hi" }));
        Assert.Empty(await ann.HistoryAsync("global"));
    }

    [Fact]
    public async Task Change_makes_no_room()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.ConnectAsync();

        await socket.SendAsync(new { type = "delete", id = 1, room = "nowhere", seq = 1 });
        await socket.ExpectErrorAsync("room_not_found");
        using var response = await ann.SendAsync(HttpMethod.Delete, "/api/rooms/nowhere/messages/1/");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task What_was_stored_and_is_repeated_too_fast_is_a_duplicate_and_never_refused()
    {
        await using var server = await SkaldServer.StartAsync(
            [("Limits:Enabled", "true"), ("Limits:MessagesPerUser", "1"), ("Limits:CommandsPerConnection", "0")],
            clock: new FakeClock());
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.ConnectAsync();
        // Twice the rate is the burst, and the clock stands: what follows is over it.
        object send = new { type = "send", id = 1, room = "global", message = "once", client_msg_id = "message-1" };
        object edit = new { type = "edit", id = 2, room = "global", seq = 1, message = "edited", client_msg_id = "editing-1" };
        foreach (var frame in new[] { send, edit })
        {
            await socket.SendAsync(frame);
            Assert.False((await socket.ExpectAsync("ack")).GetProperty("duplicate").GetBoolean());
        }

        await socket.SendAsync(new { type = "send", id = 3, room = "global", message = "another", client_msg_id = "message-2" });
        await socket.ExpectErrorAsync("rate_limited");
        foreach (var frame in new[] { send, edit })
        {
            await socket.SendAsync(frame);
            Assert.True((await socket.ExpectAsync("ack")).GetProperty("duplicate").GetBoolean());
        }
    }

    [Fact]
    public async Task Edit_window_that_has_passed_is_told_and_a_delete_is_always_allowed()
    {
        Assert.SkipWhen(TestEngine.IsPostgres, "PostgreSQL's clock, which counts there, is not the test's.");
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync([("Rooms:EditWindow", "00:01:00")], clock: clock);
        var ann = await server.RegisterAsync("ann");
        await ann.PublishAsync("global", "Helo");
        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal((HttpStatusCode.OK, 2), await ChangeAsync(ann, HttpMethod.Patch, 1, new { message = "Hello" }, "global"));

        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((HttpStatusCode.Forbidden, 0), await ChangeAsync(ann, HttpMethod.Patch, 1, new { message = "Hello!" }));
        Assert.Equal((HttpStatusCode.OK, 3), await ChangeAsync(ann, HttpMethod.Delete, 1));
    }

    /// <summary>Before the truncation the texts are found in the write-ahead log: so the search would see them.</summary>
    [Fact]
    public async Task Deleted_text_is_in_no_file_of_the_server_after_a_minute_nor_any_that_it_had_before()
    {
        Assert.SkipWhen(TestEngine.IsPostgres, "The files are PostgreSQL's, and it keeps old rows until VACUUM.");
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        var ann = await server.RegisterAsync("ann");
        await using var writer = await ann.JoinAsync("global");
        string[] texts =
        [
            .. Enumerable.Range(0, 6).Select(n => $"a secret of {n}, {Guid.NewGuid():N}"),
            new string('界', 2_000) + Guid.NewGuid().ToString("N"),
        ];
        await SayAsync(writer, "global", texts[0]);
        for (var n = 1; n < texts.Length; n++)
            await EditAsync(writer, 1, texts[n], "global");
        await writer.SendAsync(new { type = "delete", id = 1, room = "global", seq = 1 });
        await writer.SkipToAsync("ack");
        Assert.All(texts, text => Assert.True(IsInAFile(server, text)));

        await Deadline.UntilAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return !texts.Any(text => IsInAFile(server, text));
            },
            "no file holds a deleted text");
    }

    private static bool IsInAFile(SkaldServer server, string text)
    {
        var sought = Encoding.UTF8.GetBytes(text[^32..]);
        return Directory.GetFiles(server.Data, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetFileName(path) != SqliteFile.LockName).Any(path =>
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var bytes = new MemoryStream();
            file.CopyTo(bytes);
            return bytes.GetBuffer().AsSpan(0, (int)bytes.Length).IndexOf(sought) >= 0;
        });
    }

    /// <returns>The message's seq, once it is stored.</returns>
    private static async Task<int> SayAsync(ChatSocket socket, string room, string text, string? clientMessageId = null)
    {
        await socket.SayAsync(room, text, clientMessageId);
        return (await socket.SkipToAsync("ack")).GetProperty("seq").GetInt32();
    }

    private static async Task EditAsync(ChatSocket socket, int seq, string text, string room = "tech")
    {
        await socket.SendAsync(new { type = "edit", id = 7, room, seq, message = text });
        await socket.SkipToAsync("ack");
    }

    private static async Task<(HttpStatusCode Status, int Seq)> ChangeAsync(
        TestUser user, HttpMethod method, int seq, object? body = null, string room = "global")
    {
        using var response = await user.SendAsync(method, $"/api/rooms/{room}/messages/{seq}/", body);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        return (response.StatusCode, answer.TryGetProperty("seq", out var stored) ? stored.GetInt32() : 0);
    }
}
