using Skald.Protocol;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.Conversation.Rooms;

/// <summary>
/// Who may do what, as a table of roles, actions and rooms, against what the commands then do: <c>explain</c> says of each cell what
/// becomes of the command.
/// </summary>
[BothEngines]
public sealed class RightsMatrixTests
{
    /// <summary>What somebody is in a private room that has been closed to them, and what they never were.</summary>
    private const string Removed = "removed", Stranger = "stranger";

    private static readonly string[] Positions = [Stranger, Removed, .. Enum.GetNames<Role>().Select(name => name.ToLowerInvariant())];

    /// <summary>The least position for each action in a private room that sets nothing. An action without a cell turns this red.</summary>
    private static readonly Dictionary<RoomAction, string> Least = new()
    {
        [RoomAction.Join] = "guest",
        [RoomAction.Read] = "guest",
        [RoomAction.Send] = "guest",
        [RoomAction.Signal] = "guest",
        [RoomAction.Edit] = "guest",
        [RoomAction.Delete] = "guest",
        [RoomAction.DeleteAny] = "moderator",
        [RoomAction.EditRoom] = "moderator",
        [RoomAction.SetRoom] = "owner",
        [RoomAction.Members] = "moderator",
        [RoomAction.Leave] = "guest",
    };

    [Fact]
    public void Every_action_has_a_cell() => Assert.Equal(RoomActions.All.Order(), Least.Keys.Order());

    [Theory]
    [InlineData("member")]
    [InlineData("moderator")]
    [InlineData("owner")]
    [InlineData(null)]
    public async Task Explain_says_of_each_cell_what_the_command_then_does(string? leastToSend)
    {
        await using var server = await SkaldServer.StartAsync();
        var maker = await server.RegisterAsync("maker");
        await server.RegisterAsync("other");
        var wrong = new List<string>();
        foreach (var position in Positions)
        {
            var user = await server.RegisterAsync($"{position}-one");
            foreach (var action in RoomActions.All)
            {
                // A room for each cell: what was done in one is no part of the next.
                var room = await maker.MakePrivateAsync();
                (await maker.PublishAsync(room, "the maker's")).EnsureSuccessStatusCode();   // 1
                if (position != Stranger)
                    await maker.AddAsync(room, user.Username, position == Removed ? "member" : position);
                if (action is RoomAction.Edit or RoomAction.Delete && position is not Stranger)
                    (await user.PublishAsync(room, "their own")).EnsureSuccessStatusCode();   // 3
                if (leastToSend is not null)
                    (await maker.ChangeRoomAsync(room, new { roles = new { send = leastToSend } })).EnsureSuccessStatusCode();
                if (position == Removed)
                    await maker.RemoveAsync(room, user.Username);

                var expected = Expected(position, action, leastToSend);
                var (allowed, said) = await SaidAsync(user, room, action);
                var done = await DoAsync(user, room, action);
                if (said != expected || done != expected || allowed != (expected is null))
                    wrong.Add($"{position} {action}: explained as {said ?? "allowed"}, done {done ?? "so"}, expected {expected ?? "so"}");
            }
        }

        Assert.Empty(wrong);
    }

    private static string? Expected(string position, RoomAction action, string? leastToSend)
    {
        if (position == Stranger)
            return "room_not_found";
        if (position == Removed)
            return "forbidden";
        var least = action == RoomAction.Send && leastToSend is not null ? leastToSend : Least[action];
        return Array.IndexOf(Positions, position) >= Array.IndexOf(Positions, least) ? null : "forbidden";
    }

    private static async Task<(bool Allowed, string? Code)> SaidAsync(TestUser user, string room, RoomAction action)
    {
        using var response = await user.SendAsync(HttpMethod.Get, $"/api/rooms/{room}/explain/?action={WireName.Of(action)}");
        var explained = await response.BodyAsync();
        if (!response.IsSuccessStatusCode)
            return (false, explained.GetProperty("code").GetString());
        return (
            explained.GetProperty("allowed").GetBoolean(),
            explained.TryGetProperty("code", out var code) ? code.GetString() : null);
    }

    /// <returns>The code of the refusal; null where it was done.</returns>
    private static async Task<string?> DoAsync(TestUser user, string room, RoomAction action)
    {
        switch (action)
        {
            case RoomAction.Join or RoomAction.Signal:
                await using (var socket = await user.ConnectAsync())
                {
                    await socket.SendAsync(new { type = "join", id = 1, room });
                    var frame = await socket.ReceiveAsync();
                    if (action == RoomAction.Signal && frame.GetProperty("type").GetString() == "joined")
                    {
                        await socket.SendAsync(new { type = "signal", id = 2, room, @event = "wave" });
                        frame = await socket.SkipToAsync("signaled");
                    }

                    return frame.TryGetProperty("code", out var code) ? code.GetString() : null;
                }

            case RoomAction.Read:
                return await user.SendAsync(HttpMethod.Get, $"/api/chat/history/{room}/").CodeAsync();
            case RoomAction.Send:
                return await user.PublishAsync(room, "x").CodeAsync();
            case RoomAction.Edit:
                return await user.SendAsync(HttpMethod.Patch, $"/api/rooms/{room}/messages/3/", new { message = "y" }).CodeAsync();
            case RoomAction.Delete:
                return await user.SendAsync(HttpMethod.Delete, $"/api/rooms/{room}/messages/3/").CodeAsync();
            case RoomAction.DeleteAny:
                return await user.SendAsync(HttpMethod.Delete, $"/api/rooms/{room}/messages/1/").CodeAsync();
            case RoomAction.EditRoom:
                return await user.ChangeRoomAsync(room, new { title = "theirs" }).CodeAsync();
            case RoomAction.SetRoom:
                return await user.ChangeRoomAsync(room, new { history = "since_joined" }).CodeAsync();
            case RoomAction.Members:
                return await user.ChangeMembersAsync(room, "add", ["other"], "guest").CodeAsync();
            case RoomAction.Leave:
                return await user.ChangeMembersAsync(room, "leave").CodeAsync();
            default:
                throw new ArgumentOutOfRangeException(nameof(action), action, "An action that no test does.");
        }
    }
}
