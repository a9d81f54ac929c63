using System.Net;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Conversation.Rooms;

/// <summary>Private rooms: whom they are there for, and how a membership begins and ends in the room's log.</summary>
[BothEngines]
public sealed class PrivateRoomTests
{
    [Fact]
    public async Task Room_that_is_made_is_its_makers_and_has_who_was_named()
    {
        await using var server = await SkaldServer.StartAsync();
        var (ann, bob) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));

        var made = await ann.MakeRoomAsync(
            new { title = "Büro", topic = "Was ansteht", data = new { color = "blue" }, members = new[] { "bob" } });
        var room = made.GetProperty("room").GetString()!;
        var seen = await bob.ReadRoomAsync(room);
        var members = await (await bob.SendAsync(HttpMethod.Get, $"/api/rooms/{room}/members/")).BodyAsync();
        var own = await (await bob.SendAsync(HttpMethod.Get, "/api/me/rooms/")).BodyAsync();

        Assert.Matches("^p\\.[a-z0-9]{16}$", room);
        Assert.Equal(
            ("owner", "Büro", "blue", "private"),
            (
                made.GetProperty("role").GetString(),
                made.GetProperty("title").GetString(),
                made.GetProperty("data").GetProperty("color").GetString(),
                made.GetProperty("visibility").GetString()));
        Assert.Equal(("member", 2), (seen.GetProperty("role").GetString(), seen.GetProperty("members").GetInt32()));
        Assert.Equal(
            [("ann", "owner"), ("bob", "member")],
            members.EnumerateArray().Select(one => (one.GetProperty("username").GetString(), one.GetProperty("role").GetString())));
        Assert.Equal((room, "member"), (own[0].GetProperty("room").GetString(), own[0].GetProperty("role").GetString()));
    }

    [Fact]
    public async Task Making_a_room_again_finds_it_and_a_name_that_is_taken_is_refused()
    {
        await using var server = await SkaldServer.StartAsync();
        var (ann, bob) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));
        var wanted = new { title = "ours", members = new[] { "bob" }, client_msg_id = "make-the-room" };

        using var first = await ann.SendAsync(HttpMethod.Post, "/api/rooms/", wanted);
        using var again = await ann.SendAsync(HttpMethod.Post, "/api/rooms/", wanted);

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, again.StatusCode));
        Assert.Equal(
            (await first.BodyAsync()).GetProperty("room").GetString(), (await again.BodyAsync()).GetProperty("room").GetString());
        Assert.Null(await ann.SendAsync(HttpMethod.Post, "/api/rooms/", new { name = "tech" }).CodeAsync());
        Assert.Equal("room_exists", await bob.SendAsync(HttpMethod.Post, "/api/rooms/", new { name = "tech" }).CodeAsync());
        Assert.Equal("room_exists", await bob.SendAsync(HttpMethod.Post, "/api/rooms/", new { name = "global" }).CodeAsync());
        Assert.Equal("bad_request", await bob.SendAsync(HttpMethod.Post, "/api/rooms/", new { visibility = "public" }).CodeAsync());
        Assert.Equal(
            "bad_request", await bob.SendAsync(HttpMethod.Post, "/api/rooms/", new { name = "x", visibility = "private" }).CodeAsync());
        Assert.Equal(
            "user_not_found", await bob.SendAsync(HttpMethod.Post, "/api/rooms/", new { members = new[] { "nobody" } }).CodeAsync());
    }

    /// <summary>On every route and every frame, byte for byte but for the name that was asked for.</summary>
    [Fact]
    public async Task Missing_room_and_one_that_must_stay_unseen_are_answered_alike()
    {
        const string Missing = "p.aaaaaaaaaaaaaaaa";
        await using var server = await SkaldServer.StartAsync();
        var (ann, eve) = (await server.RegisterAsync("ann"), await server.RegisterAsync("eve"));
        var hidden = await ann.MakePrivateAsync();
        await using var socket = await eve.ConnectAsync();

        (HttpMethod Method, string Path, object? Body)[] requests =
        [
            (HttpMethod.Get, "/api/chat/history/{room}/", null),
            (HttpMethod.Get, "/api/rooms/{room}/", null),
            (HttpMethod.Get, "/api/rooms/{room}/members/", null),
            (HttpMethod.Get, "/api/rooms/{room}/explain/?action=send", null),
            (HttpMethod.Get, "/api/rooms/{room}/explain/?action=send&user=ann", null),
            (HttpMethod.Patch, "/api/rooms/{room}/", new { title = "x" }),
            (HttpMethod.Post, "/api/rooms/{room}/members/", new { op = "add", users = new[] { "eve" } }),
            (HttpMethod.Post, "/api/rooms/{room}/members/", new { op = "add", users = new[] { "nobody" } }),
            (HttpMethod.Post, "/api/rooms/{room}/members/", new { op = "leave" }),
            (HttpMethod.Post, "/api/rooms/{room}/messages/", new { message = "x" }),
            (HttpMethod.Post, "/api/rooms/{room}/messages/", new { message = "x", client_msg_id = "message-1" }),
            (HttpMethod.Patch, "/api/rooms/{room}/messages/1/", new { message = "x" }),
            (HttpMethod.Delete, "/api/rooms/{room}/messages/1/", null),
        ];
        foreach (var (method, path, body) in requests)
            Assert.Equal((path, await AskAsync(path, Missing)), (path, await AskAsync(path, hidden)));

        string[] frames =
        [
            """{"type":"join","id":1,"room":"{room}"}""",
            """{"type":"join","id":1,"room":"{room}","since":3,"epoch":"x"}""",
            """{"type":"resume","id":1,"rooms":{"{room}":0}}""",
            """{"type":"send","id":1,"room":"{room}","message":"x"}""",
            """{"type":"send","id":1,"room":"{room}","message":"x","client_msg_id":"message-2"}""",
            """{"type":"edit","id":1,"room":"{room}","seq":1,"message":"x","client_msg_id":"message-3"}""",
            """{"type":"delete","id":1,"room":"{room}","seq":1}""",
            """{"type":"signal","id":1,"room":"{room}","event":"wave"}""",
            """{"type":"members","id":1,"room":"{room}","op":"add","users":["eve"]}""",
            """{"type":"members","id":1,"room":"{room}","op":"leave"}""",
            """{"type":"room","id":1,"room":"{room}","title":"x"}""",
        ];
        foreach (var frame in frames)
            Assert.Equal((frame, await SayAsync(frame, Missing)), (frame, await SayAsync(frame, hidden)));

        async Task<string> AskAsync(string path, string room)
        {
            var (method, _, body) = requests.First(one => one.Path == path);
            using var response = await eve.SendAsync(method, path.Replace("{room}", room, StringComparison.Ordinal), body);
            var headers = string.Join(";", response.Headers.Concat(response.Content.Headers)
                .Where(header => header.Key != "Date").Select(header => $"{header.Key}={string.Join(",", header.Value)}"));
            var text = await response.Content.ReadAsStringAsync();
            return $"{(int)response.StatusCode} {headers} {text.Replace(room, "{room}", StringComparison.Ordinal)}";
        }

        async Task<string> SayAsync(string frame, string room)
        {
            await socket.SendTextAsync(frame.Replace("{room}", room, StringComparison.Ordinal));
            return (await socket.ReceiveTextAsync())!.Replace(room, "{room}", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Removed_member_reads_up_to_the_removal_and_nothing_behind_it_on_every_socket()
    {
        await using var server = await SkaldServer.StartAsync();
        var (ann, bob) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));
        var room = await ann.MakePrivateAsync("bob");
        await using var phone = await bob.JoinAsync(room);
        await using var laptop = await bob.JoinAsync(room, "global");
        await using var single = await bob.OpenRoomAsync(room, "&since=0");
        await using var owner = await ann.JoinAsync(room);
        (await ann.PublishAsync(room, "before")).EnsureSuccessStatusCode();

        await ann.RemoveAsync(room, "bob");
        (await ann.PublishAsync(room, "behind")).EnsureSuccessStatusCode();
        (await ann.PublishAsync("global", "elsewhere")).EnsureSuccessStatusCode();

        foreach (var socket in new[] { phone, laptop })
        {
            Assert.Equal("before", (await socket.ExpectAsync("chat_message")).GetProperty("message").GetString());
            var removal = await socket.ExpectAsync("entry");
            Assert.Equal(
                ("member", "remove", "bob", 3L),
                (
                    removal.GetProperty("kind").GetString(),
                    removal.GetProperty("op").GetString(),
                    removal.GetProperty("users")[0].GetString(),
                    removal.GetProperty("seq").GetInt64()));
            var left = await socket.ExpectAsync("left");
            Assert.Equal((room, 3L), (left.GetProperty("room").GetString(), left.GetProperty("seq").GetInt64()));
        }

        // What follows there is of the other room.
        Assert.Equal("elsewhere", (await laptop.ExpectAsync("chat_message")).GetProperty("message").GetString());
        Assert.Equal(4403, await single.ExpectCloseAsync());
        Assert.Equal(["before", "behind"], await owner.ReceiveMessagesAsync(2));
        foreach (var path in new[] { $"/api/chat/history/{room}/", $"/api/rooms/{room}/", $"/api/rooms/{room}/members/" })
            Assert.Equal("forbidden", await bob.SendAsync(HttpMethod.Get, path).CodeAsync());
        await phone.SendAsync(new { type = "join", id = 9, room, since = 0 });
        await phone.ExpectErrorAsync("forbidden");
        await phone.SendAsync(new { type = "signal", id = 10, room, @event = "wave" });
        await phone.ExpectErrorAsync("not_joined");
    }

    [Fact]
    public async Task Member_who_was_removed_and_added_again_finds_nothing_of_the_time_between()
    {
        await using var server = await SkaldServer.StartAsync();
        var (ann, bob) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));
        var room = await ann.MakePrivateAsync();
        (await ann.ChangeRoomAsync(room, new { history = "since_joined" })).EnsureSuccessStatusCode();
        (await ann.PublishAsync(room, "before")).EnsureSuccessStatusCode();
        await ann.AddAsync(room, "bob");                                              // 3
        (await ann.PublishAsync(room, "with bob")).EnsureSuccessStatusCode();
        await ann.RemoveAsync(room, "bob");                                           // 5
        (await ann.PublishAsync(room, "without")).EnsureSuccessStatusCode();          // 6
        await ann.AddAsync(room, "bob");                                              // 7
        (await ann.PublishAsync(room, "again")).EnsureSuccessStatusCode();            // 8

        await using var socket = await bob.ConnectAsync();
        var joined = await socket.JoinAsync(room, since: 0);
        var entry = await socket.ExpectAsync("entry");

        Assert.Equal(
            (7L, 6L, false),
            (
                joined.GetProperty("first_seq").GetInt64(),
                joined.GetProperty("since").GetInt64(),
                joined.GetProperty("complete").GetBoolean()));
        Assert.Equal(7, entry.GetProperty("seq").GetInt64());
        Assert.Equal(["again"], await socket.ReceiveMessagesAsync(1));
        Assert.Equal(["again"], Texts(await bob.HistoryAsync(room)));
        Assert.Equal(["again"], Texts(await bob.HistoryAsync(room, "?after=0")));
        Assert.Empty(await bob.HistoryAsync(room, "?before=7"));
        Assert.Equal(["before", "with bob", "without", "again"], Texts(await ann.HistoryAsync(room)));
        // Nor can it be named.
        Assert.Equal(
            "message_not_found",
            await bob.SendAsync(HttpMethod.Patch, $"/api/rooms/{room}/messages/6/", new { message = "x" }).CodeAsync());
        await ann.RemoveAsync(room, "bob");
        await ann.AddAsync(room, "bob", history: "all");
        Assert.Equal(["before", "with bob", "without", "again"], Texts(await bob.HistoryAsync(room)));
    }

    [Fact]
    public async Task Send_that_was_stored_is_a_duplicate_also_for_who_was_removed_since()
    {
        await using var server = await SkaldServer.StartAsync();
        var (ann, bob) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));
        var room = await ann.MakePrivateAsync("bob");
        using var stored = await bob.PublishAsync(room, "mine", "message-1");
        await ann.RemoveAsync(room, "bob");

        using var again = await bob.PublishAsync(room, "mine", "message-1");

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.True((await again.BodyAsync()).GetProperty("duplicate").GetBoolean());
        Assert.Equal("forbidden", await bob.PublishAsync(room, "another", "message-2").CodeAsync());
    }

    [Fact]
    public async Task Room_that_becomes_private_ends_everybodys_reading_and_members_come_back()
    {
        await using var server = await SkaldServer.StartAsync();
        var (ann, bob, eve) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"), await server.RegisterAsync("eve"));
        await ann.MakeRoomAsync(new { name = "plans", members = new[] { "bob" } });
        await using var member = await bob.JoinAsync("plans");
        await using var stranger = await eve.JoinAsync("plans");

        (await ann.ChangeRoomAsync("plans", new { visibility = "private" })).EnsureSuccessStatusCode();
        (await ann.PublishAsync("plans", "secret")).EnsureSuccessStatusCode();

        foreach (var socket in new[] { member, stranger })
        {
            Assert.Equal("private", (await socket.ExpectAsync("entry")).GetProperty("now").GetProperty("visibility").GetString());
            Assert.Equal(2, (await socket.ExpectAsync("left")).GetProperty("seq").GetInt64());
        }

        await member.JoinAsync("plans", since: 2);
        Assert.Equal(["secret"], await member.ReceiveMessagesAsync(1));
        await stranger.SendAsync(new { type = "join", id = 5, room = "plans", since = 2 });
        await stranger.ExpectErrorAsync("room_not_found");
        Assert.DoesNotContain("plans", await NamesAsync(eve), StringComparer.Ordinal);
        (await ann.ChangeRoomAsync("plans", new { visibility = "public" })).EnsureSuccessStatusCode();
        Assert.Contains("plans", await NamesAsync(eve), StringComparer.Ordinal);
        await stranger.JoinAsync("plans", since: 3);
    }

    [Fact]
    public async Task Owner_is_there_as_long_as_the_room_also_where_two_go_at_once()
    {
        await using var server = await SkaldServer.StartAsync();
        var (ann, bob) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));
        var room = await ann.MakePrivateAsync("bob");

        Assert.Equal("last_owner", await ann.ChangeMembersAsync(room, "leave").CodeAsync());
        Assert.Equal("last_owner", await ann.ChangeMembersAsync(room, "remove", ["ann"]).CodeAsync());
        Assert.Equal("last_owner", await ann.ChangeMembersAsync(room, "role", ["ann"], "member").CodeAsync());
        Assert.Null(await ann.ChangeMembersAsync(room, "role", ["bob"], "owner").CodeAsync());
        var codes = await Task.WhenAll(
            ann.ChangeMembersAsync(room, "role", ["bob"], "member").CodeAsync(),
            bob.ChangeMembersAsync(room, "role", ["ann"], "member").CodeAsync());

        // Whoever came first has taken the other's right.
        Assert.Equal(["forbidden", null], codes.OrderBy(code => code is null));
        var members = await (await ann.SendAsync(HttpMethod.Get, $"/api/rooms/{room}/members/")).BodyAsync();
        Assert.Single(members.EnumerateArray(), one => one.GetProperty("role").GetString() == "owner");
    }

    [Fact]
    public async Task What_is_so_already_changes_nothing_and_repeated_changes_are_stored_once()
    {
        await using var server = await SkaldServer.StartAsync();
        var (ann, _) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));
        var room = await ann.MakePrivateAsync();

        var first = await (await ann.ChangeMembersAsync(room, "add", ["bob"], clientMessageId: "add-bob-1")).BodyAsync();
        var again = await (await ann.ChangeMembersAsync(room, "add", ["bob"], clientMessageId: "add-bob-1")).BodyAsync();
        var unchanged = await (await ann.ChangeMembersAsync(room, "add", ["bob"])).BodyAsync();
        await ann.RemoveAsync(room, "bob");
        var late = await (await ann.ChangeMembersAsync(room, "add", ["bob"], clientMessageId: "add-bob-1")).BodyAsync();
        var gone = await (await ann.ChangeMembersAsync(room, "remove", ["bob"])).BodyAsync();

        Assert.Equal((1L, false), (first.GetProperty("seq").GetInt64(), first.GetProperty("duplicate").GetBoolean()));
        Assert.Equal((1L, true), (again.GetProperty("seq").GetInt64(), again.GetProperty("duplicate").GetBoolean()));
        Assert.True(unchanged.GetProperty("unchanged").GetBoolean());
        Assert.Equal((1L, true), (late.GetProperty("seq").GetInt64(), late.GetProperty("duplicate").GetBoolean()));
        Assert.True(gone.GetProperty("unchanged").GetBoolean());
    }

    [Fact]
    public async Task Change_of_a_room_that_is_another_by_now_is_refused_with_what_it_is()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        await ann.MakeRoomAsync(new { name = "tech" });
        (await ann.ChangeRoomAsync("tech", new { title = "One", if_version = 0 })).EnsureSuccessStatusCode();

        using var late = await ann.ChangeRoomAsync("tech", new { title = "Two", if_version = 0 });

        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
        Assert.Equal("One", (await late.BodyAsync()).GetProperty("now").GetProperty("title").GetString());
        Assert.Equal("One", (await ann.ReadRoomAsync("tech")).GetProperty("title").GetString());
    }

    [Fact]
    public async Task Rooms_and_their_members_are_there_after_a_restart()
    {
        using var data = new TestDirectory();
        string room;
        await using (var server = await SkaldServer.StartAsync(data: data.Path))
        {
            var (ann, _) = (await server.RegisterAsync("ann"), await server.RegisterAsync("bob"));
            room = await ann.MakePrivateAsync("bob");
            (await ann.ChangeRoomAsync(room, new { title = "Later", roles = new { send = "moderator" } })).EnsureSuccessStatusCode();
        }

        await using var again = await SkaldServer.StartAsync(data: data.Path);
        var (owner, member, eve) = (await again.LoginAsync("ann"), await again.LoginAsync("bob"), await again.RegisterAsync("eve"));

        Assert.Equal("Later", (await member.ReadRoomAsync(room)).GetProperty("title").GetString());
        Assert.Equal("forbidden", await member.PublishAsync(room, "x").CodeAsync());
        Assert.Null(await owner.PublishAsync(room, "x").CodeAsync());
        Assert.Equal("room_not_found", await eve.PublishAsync(room, "x").CodeAsync());
    }

    [Fact]
    public async Task User_owns_as_many_rooms_as_one_may()
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:RoomsOwned", "2")]);
        var ann = await server.RegisterAsync("ann");

        Assert.Null(await ann.SendAsync(HttpMethod.Post, "/api/rooms/", new { title = "one" }).CodeAsync());
        Assert.Null(await ann.SendAsync(HttpMethod.Post, "/api/rooms/", new { name = "two" }).CodeAsync());
        Assert.Equal("too_many_rooms", await ann.SendAsync(HttpMethod.Post, "/api/rooms/", new { title = "three" }).CodeAsync());
    }

    [Fact]
    public async Task Private_room_has_as_many_members_as_it_may()
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:MembersPerRoom", "2")]);
        var ann = await server.RegisterAsync("ann");
        foreach (var name in new[] { "bob", "cy" })
            await server.RegisterAsync(name);
        var room = await ann.MakePrivateAsync("bob");

        Assert.Equal("too_many_members", await ann.ChangeMembersAsync(room, "add", ["cy"]).CodeAsync());
        await ann.RemoveAsync(room, "bob");
        Assert.Null(await ann.ChangeMembersAsync(room, "add", ["cy"]).CodeAsync());
        (await ann.ChangeRoomAsync(room, new { visibility = "public" })).EnsureSuccessStatusCode();
        Assert.Null(await ann.ChangeMembersAsync(room, "add", ["bob"]).CodeAsync());
    }

    private static IEnumerable<string?> Texts(JsonElement[] page) => page.Select(message => message.GetProperty("message").GetString());

    private static async Task<string[]> NamesAsync(TestUser user) =>
    [
        .. (await (await user.SendAsync(HttpMethod.Get, "/api/rooms/?q=plans")).BodyAsync()).EnumerateArray()
            .Select(one => one.GetProperty("room").GetString()!),
    ];
}
