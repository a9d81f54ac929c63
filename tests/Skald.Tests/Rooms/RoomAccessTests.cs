using Microsoft.Extensions.DependencyInjection;
using Skald.Protocol;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Identity;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.Rooms;

/// <summary>The door into a room: what it answers, in which order, and when it makes one.</summary>
public sealed class RoomAccessTests : IAsyncLifetime
{
    private SkaldServer _server = null!;
    private RoomAccess _access = null!;
    private CurrentUser _ann;

    public async ValueTask InitializeAsync()
    {
        _server = await SkaldServer.StartAsync();
        var ann = await _server.RegisterAsync("ann");
        _access = _server.Services.GetRequiredService<RoomAccess>();
        Assert.True((await _server.Services.GetRequiredService<AccessTokens>().ValidateAsync(ann.Access)).TryGet(out _ann, out _));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData(nameof(RoomAction.Join), true)]
    [InlineData(nameof(RoomAction.Send), true)]
    [InlineData(nameof(RoomAction.Signal), false)]
    [InlineData(nameof(RoomAction.Edit), false)]
    [InlineData(nameof(RoomAction.Read), false)]
    public async Task Makes_a_room_only_for_who_joins_or_sends(string action, bool makes)
    {
        var refusal = await EnterAsync("new-room", Enum.Parse<RoomAction>(action));

        Assert.Equal(makes ? null : ErrorCode.RoomNotFound, refusal?.Code);
        Assert.Equal(makes, await ExistsAsync("new-room"));
    }

    [Fact]
    public async Task Nothing_is_made_for_who_may_not_enter()
    {
        await EndSessionAsync();

        Assert.Equal(ErrorCode.TokenNotValid, (await EnterAsync("new-room", RoomAction.Send))?.Code);

        Assert.False(await ExistsAsync("new-room"));
    }

    [Fact]
    public async Task Room_that_is_not_there_is_answered_like_one_that_is_where_the_session_has_ended()
    {
        await EndSessionAsync();

        var known = await EnterAsync("global", RoomAction.Read);
        var unknown = await EnterAsync("no-such-room", RoomAction.Read);

        Assert.NotNull(known);
        Assert.Equal(known with { Room = null }, unknown! with { Room = null });
    }

    [Fact]
    public async Task Name_that_cannot_be_one_is_said_first()
    {
        await EndSessionAsync();

        Assert.Equal(RoomName.Refused with { Room = "../etc" }, await EnterAsync("../etc", RoomAction.Send));
    }

    private async Task<ChatError?> EnterAsync(string room, RoomAction action) =>
        (await _access.EnterAsync(_ann, room, action)).TryGet(out _, out var refusal) ? null : refusal;

    private async Task<bool> ExistsAsync(string room) =>
        await _server.Services.GetRequiredService<RoomDirectory>().FindAsync(room) is not null;

    private async Task EndSessionAsync() =>
        Assert.True(await _server.Services.GetRequiredService<SessionLifecycle>().RevokeAsync(_ann.Id, _ann.SessionId));
}
