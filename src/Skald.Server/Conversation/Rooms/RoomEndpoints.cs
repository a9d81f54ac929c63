using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.OpenApi;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Commands;
using Skald.Server.History;
using Skald.Server.Http;
using Skald.Server.Identity;
using Skald.Server.Rooms;

namespace Skald.Server.Conversation.Rooms;

/// <summary><c>/api/rooms/</c>: rooms are found, made and changed; who is in them; and why somebody may do something there.</summary>
internal sealed class RoomEndpoints(
    RoomAccess access, RoomDirectory rooms, RoomStore store, AccountStore accounts, RoomLog log, HttpCommands commands)
{
    /// <summary>Rooms or members of a page.</summary>
    private const int PageRows = 100;

    private const string Example =
        """{"room":"p.k3jd92mxqw7rtz01","visibility":"private","title":"Büro","topic":"","history":"all","roles":{"send":"guest","signal":"guest","delete_any":"moderator","edit_room":"moderator","members":"moderator"},"version":1,"seq":1,"role":"owner","members":2}""";

    private const string Stored = """{"room":"tech","seq":57,"timestamp":"2026-02-21T16:52:00.000000Z","duplicate":false}""";

    private static readonly ChatError BadCursor = new(ErrorCode.BadRequest, "cursor is none that a Link header has given.");

    private static readonly ChatError BadAction = new(
        ErrorCode.BadRequest, $"action must be one of: {string.Join(", ", RoomActions.All.Select(WireName.Of))}.");

    private static readonly ChatError NotYours = new(
        ErrorCode.Forbidden, "Only who may change the members of this room may ask about another user.");

    private static readonly ChatError NoSuchUser = new(ErrorCode.UserNotFound, "There is no user of this name.");

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var rooms = endpoints.MadeOnce<RoomEndpoints>();
        endpoints.MapPost("/api/rooms", (CurrentUser user, HttpContext context) => rooms.Value.CreateAsync(user, context))
            .Describes("Rooms", "createRoom", "Make a room")
            .WithDescription(
                "Who makes it is its owner. A public room needs a name; a private one gets one that nobody can guess. With a client_msg_id it is idempotent.")
            .Produces<RoomView>(StatusCodes.Status201Created).Produces<RoomView>()
            .Takes<NewRoomRequest>("""{"visibility":"private","title":"Büro","members":["bob"],"client_msg_id":"0b9f2c1e-room"}""")
            .Gives(StatusCodes.Status201Created, Example)
            .Gives(StatusCodes.Status200OK, Example)
            .Refuses(
                EndpointDocs.BadRequest, NoSuchUser, RoomDirectory.Taken with { Room = "tech" }, Problems.TooLarge, Problems.WrongType,
                RoomDirectory.TooManyNew with { RetryAfter = TimeSpan.FromSeconds(2) })
            .ForUsers();
        endpoints.MapGet(
                "/api/rooms",
                (string? q, string? cursor, CurrentUser user, HttpContext context) => rooms.Value.ListAsync(q, cursor, user, context))
            .Describes("Rooms", "listRooms", "List the public rooms")
            .WithDescription("By name, 100 a page; the Link header (rel=\"next\") leads to the next one.")
            .TakesText("q", "Only rooms whose name or title has this in it, without regard to case.")
            .TakesText("cursor", "Of a Link header.")
            .Produces<RoomView[]>()
            .WithMetadata(Next)
            .Gives(StatusCodes.Status200OK, $"[{Example}]")
            .ForUsers();
        endpoints.MapGet(
                "/api/me/rooms",
                (string? cursor, CurrentUser user, HttpContext context) => rooms.Value.ListOwnAsync(cursor, user, context))
            .Describes("Rooms", "listMyRooms", "List the rooms that I am in")
            .WithDescription(
                "Those that one was added to or has made, by name, 100 a page; the Link header (rel=\"next\") leads to the next one.")
            .TakesText("cursor", "Of a Link header.")
            .Produces<RoomView[]>()
            .WithMetadata(Next)
            .Gives(StatusCodes.Status200OK, $"[{Example}]")
            .ForUsers();
        endpoints.MapGet(
                "/api/rooms/{room}",
                (string room, CurrentUser user, HttpContext context) => rooms.Value.ReadAsync(room, user, context))
            .Describes("Rooms", "getRoom", "Read what a room is")
            .WithDescription("A private room that one was never in is answered as one that is not there.")
            .Produces<RoomView>()
            .TakesRoom()
            .WithMetadata(Position)
            .Gives(StatusCodes.Status200OK, Example)
            .Refuses(RoomRules.NoSuchRoom with { Room = "nowhere" }, RoomRules.NotMember with { Room = "p.k3jd92mxqw7rtz01" })
            .ForUsers();
        endpoints.MapPatch(
                "/api/rooms/{room}",
                (string room, CurrentUser user, HttpContext context) => rooms.Value.ChangeAsync(room, user, context))
            .Describes("Rooms", "changeRoom", "Change what a room is")
            .WithDescription("An entry of its log: everybody in it hears of it. A room that becomes private ends everybody's reading; members join again.")
            .Produces<StoredRoomChange>()
            .TakesRoom()
            .Takes<RoomChangeRequest>("""{"title":"Büro","topic":"Was ansteht","if_version":57}""")
            .Gives(StatusCodes.Status200OK, Stored)
            .Refuses(
                EndpointDocs.BadRequest, RoomRules.NoSuchRoom with { Room = "nowhere" }, RoomRules.NotMember with { Room = "tech" },
                RoomChange.Conflict with { Room = "tech" }, Problems.TooLarge, Problems.WrongType, EndpointDocs.TooFast)
            .ForUsers();
        endpoints.MapGet(
                "/api/rooms/{room}/members",
                (string room, string? cursor, CurrentUser user, HttpContext context) =>
                    rooms.Value.ListMembersAsync(room, cursor, user, context))
            .Describes("Rooms", "listMembers", "List who is in a room")
            .WithDescription(
                "Who was added, 100 a page; the Link header (rel=\"next\") leads to the next one. In a public room everybody else is a member too.")
            .TakesRoom()
            .TakesText("cursor", "Of a Link header.")
            .Produces<MemberView[]>()
            .WithMetadata(Next)
            .WithMetadata(Position)
            .Gives(
                StatusCodes.Status200OK,
                """[{"user_id":7,"username":"ann","role":"owner"},{"user_id":8,"username":"bob","role":"member"}]""")
            .Refuses(BadCursor, RoomRules.NoSuchRoom with { Room = "nowhere" }, RoomRules.NotMember with { Room = "p.k3jd92mxqw7rtz01" })
            .ForUsers();
        endpoints.MapPost(
                "/api/rooms/{room}/members",
                (string room, CurrentUser user, HttpContext context) => rooms.Value.ChangeMembersAsync(room, user, context))
            .Describes("Rooms", "changeMembers", "Add members, remove some, leave, or give another role")
            .WithDescription("An entry of the room's log. Who is removed reads up to that entry, on every socket, and nothing of the room after it.")
            .Produces<StoredRoomChange>()
            .TakesRoom()
            .Takes<MembersRequest>("""{"op":"add","users":["bob"],"role":"member","client_msg_id":"5d1c2f7e-add1"}""")
            .Gives(StatusCodes.Status200OK, Stored)
            .Refuses(
                EndpointDocs.BadRequest, RoomRules.NoSuchRoom with { Room = "nowhere" }, RoomRules.NotMember with { Room = "tech" },
                RoomChange.LastOwner with { Room = "tech" }, Problems.TooLarge, Problems.WrongType, EndpointDocs.TooFast)
            .ForUsers();
        endpoints.MapGet(
                "/api/rooms/{room}/explain",
                (string room, string? action, [FromQuery(Name = "user")] string? about, CurrentUser user, HttpContext context) =>
                    rooms.Value.ExplainAsync(room, action, about, user, context))
            .Describes("Rooms", "explainRoom", "Why may I do this here, or why not?")
            .WithDescription("By the very rules that decide. About others may ask who may change the room's members.")
            .TakesRoom()
            .TakesText("action", $"One of {string.Join(", ", RoomActions.All.Select(WireName.Of))}.")
            .TakesText("user", "A username; oneself where it is not given.")
            .Produces<ExplainedView>()
            .Gives(
                StatusCodes.Status200OK,
                """{"allowed":false,"action":"members","code":"forbidden","detail":"For this (members) one must be moderator here.","rules":[{"rule":"visible","ok":true},{"rule":"member","ok":true},{"rule":"role","ok":false,"has":"member","needs":"moderator"}]}""")
            .Refuses(BadAction, RoomRules.NoSuchRoom with { Room = "nowhere" }, NotYours with { Room = "tech" })
            .ForUsers();
    }

    private static ApiHeader Next { get; } = new(
        StatusCodes.Status200OK, "Link", JsonSchemaType.String,
        "RFC 8288, relative to this address: <?cursor=tech>; rel=\"next\". Not there where there is no other page.");

    private static ApiHeader Position { get; } = new(
        StatusCodes.Status200OK, "Skald-Seq", JsonSchemaType.Integer,
        "The room's newest seq when this was read: join with since=this, and nothing is missed between the two.");

    private async Task CreateAsync(CurrentUser user, HttpContext context)
    {
        if (!(await commands.ReadAsync<NewRoom>(context.Request, NewRoom.ReadBody)).TryGet(out var wanted, out var bad)
            || !RoomChange.With(RoomState.Common, wanted.Fields).TryGet(out var state, out bad))
        {
            await Problems.WriteAsync(context, bad);
            return;
        }

        if ((await accounts.FindUsersAsync(wanted.Members)).Any(member => member.Id == 0))
        {
            await Problems.WriteAsync(context, NoSuchUser);
            return;
        }

        if (!(await rooms.CreateAsync(user, wanted.Name, state, wanted.ClientMessageId)).TryGet(out var made, out var refusal))
        {
            await Problems.WriteAsync(context, refusal);
            return;
        }

        if (wanted.Members.Count > 0)
        {
            var add = new MembersCommand(
                default, made.Room.Name, MembersOp.Add, wanted.Members, Role: null, History: null, wanted.ClientMessageId);
            if (!(await commands.RunAsync(user, add)).TryGet(out _, out refusal))
            {
                await Problems.WriteAsync(context, refusal);
                return;
            }
        }

        context.Response.StatusCode = made.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK;
        await WriteAsync(context, ViewOf(new EnteredRoom(made.Room, await rooms.LearnAsync(made.Room)), user));
    }

    private async Task ListAsync(string? words, string? after, CurrentUser user, HttpContext context)
    {
        _ = user;   // whoever is signed in
        var found = await store.ListPublicAsync(words?.Trim() ?? "", after ?? "", PageRows + 1);
        await WriteAsync(context, PageOf(context, found).Select(one => RoomView.Of(one.Room, one.State, role: null)));
    }

    private async Task ListOwnAsync(string? after, CurrentUser user, HttpContext context)
    {
        await log.CatchUpAsync();
        var found = await store.ListOfAsync(user.Id, after ?? "", PageRows + 1);
        await WriteAsync(context, PageOf(context, found).Select(one => RoomView.Of(one.Room, one.State, one.Role)));
    }

    private async Task ReadAsync(string room, CurrentUser user, HttpContext context)
    {
        if (!(await EnterAsync(room, user)).TryGet(out var entered, out var refusal))
        {
            await Problems.WriteAsync(context, refusal);
            return;
        }

        NamePosition(context, entered.Room);
        await WriteAsync(context, ViewOf(entered, user));
    }

    private Task ChangeAsync(string room, CurrentUser user, HttpContext context) => commands.RunAsync(
        context,
        user,
        (body, limits, out error) => RoomCommand.ReadBody(body, room, limits, out error),
        HttpCommands.WriteStored);

    private Task ChangeMembersAsync(string room, CurrentUser user, HttpContext context) => commands.RunAsync(
        context,
        user,
        (body, limits, out error) => MembersCommand.ReadBody(body, room, limits, out error),
        HttpCommands.WriteStored);

    private async Task ListMembersAsync(string room, string? cursor, CurrentUser user, HttpContext context)
    {
        var after = 0L;
        if (cursor is not null && !long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            await Problems.WriteAsync(context, BadCursor);
            return;
        }

        if (!(await EnterAsync(room, user)).TryGet(out var entered, out var refusal))
        {
            await Problems.WriteAsync(context, refusal);
            return;
        }

        NamePosition(context, entered.Room);
        var members = await store.ListMembersAsync(entered.Room.Id, after, PageRows + 1);
        if (members.Count > PageRows)
            LinkNext(context, members[PageRows - 1].UserId.ToString(CultureInfo.InvariantCulture));
        await WriteAsync(
            context,
            members.Take(PageRows).Select(member => new MemberView(member.UserId, member.Username, WireName.Of(member.Role))));
    }

    private async Task ExplainAsync(string room, string? action, string? about, CurrentUser user, HttpContext context)
    {
        if (!WireName.TryRead(action, out RoomAction asked))
        {
            await Problems.WriteAsync(context, BadAction);
            return;
        }

        // Who was removed may know why; who was never in it learns nothing.
        if (!(await access.FindAsync(user, room, RoomAction.Read)).TryGet(out var found, out var refusal))
        {
            await Problems.WriteAsync(context, refusal);
            return;
        }

        var state = await rooms.LearnNewestAsync(found);
        if (!RoomRules.MayKnow(state, user))
        {
            await Problems.WriteAsync(context, RoomRules.NoSuchRoom with { Room = room });
            return;
        }

        var of = user;
        if (about is not null)
        {
            if (RoomRules.Check(state, user, RoomAction.Members) is not null)
            {
                await Problems.WriteAsync(context, NotYours with { Room = room });
                return;
            }

            if ((await accounts.FindUsersAsync([about]))[0] is not { Id: > 0 } named)
            {
                await Problems.WriteAsync(context, NoSuchUser);
                return;
            }

            of = new CurrentUser(named.Id, named.Name, SessionId: 0);
        }

        var why = RoomRules.Check(state, of, asked);
        var rules = RoomRules.Explain(state, of.Id, asked).Select(one => new RuleView(
            WireName.Of(one.Rule),
            one.Holds,
            one.Rule == RoomRule.Role && state.RoleOf(of.Id) is { } role ? WireName.Of(role) : null,
            one.Rule == RoomRule.Role ? WireName.Of(state.LeastRole(asked)) : null));
        await WriteAsync(context, new ExplainedView(why is null, WireName.Of(asked), [.. rules], why?.Code.Name, why?.Detail));
    }

    private async Task<Outcome<EnteredRoom>> EnterAsync(string room, CurrentUser user)
    {
        await log.CatchUpAsync();   // another node may have changed it
        return await access.EnterAsync(user, room, RoomAction.Read);
    }

    private static RoomView ViewOf(EnteredRoom entered, CurrentUser user) =>
        RoomView.Of(entered.Room, entered.State, entered.State.RoleOf(user.Id)) with { Members = entered.State.ActiveMembers };

    private static IEnumerable<ListedRoom> PageOf(HttpContext context, List<ListedRoom> found)
    {
        if (found.Count > PageRows)
            LinkNext(context, found[PageRows - 1].Room.Name);
        return found.Take(PageRows);
    }

    private static void LinkNext(HttpContext context, string cursor) =>
        context.Response.Headers.Link = $"<?cursor={cursor}>; rel=\"next\"";

    private static void NamePosition(HttpContext context, Room room) =>
        context.Response.Headers["Skald-Seq"] = room.LastSeq.ToString(CultureInfo.InvariantCulture);

    private static Task WriteAsync<T>(HttpContext context, T answer) => context.Response.WriteAsJsonAsync(answer, ApiJson.Options);
}
