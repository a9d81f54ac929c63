using Skald.Protocol;
using Skald.Server.Identity;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.History;

public sealed class DraftTests
{
    /// <summary>
    /// A call that stores nothing, because another node was first, is decided anew. What the first decision would have made of the room
    /// has the version that the other's has: taken for the room's state, it would be believed.
    /// </summary>
    [Fact]
    public void Draft_that_is_decided_anew_forgets_what_it_would_have_made_of_the_room()
    {
        var ann = new CurrentUser(1, "ann", 1);
        var room = RoomState.Common.With(new Member(1, "ann", Role.Owner, 1, Until: null));
        var draft = new TestDraft(
            new Room(1, "tech", 1, 0),
            ann,
            new RoomCommand(default, "tech", new RoomFields("One", null, null, null, null, null), IfVersion: 0, ClientMessageId: null),
            _ => { });
        Assert.True(draft.Takes(room, seq: 1, default, Stores.Rules, out var change));
        draft.StoreAs(1, default, change);
        Assert.NotNull(draft.RoomAfter);

        Assert.False(draft.Takes(room with { Title = "Two", Version = 1 }, seq: 2, default, Stores.Rules, out _));

        Assert.Equal(ErrorCode.EditConflict, draft.Refusal?.Code);
        Assert.Null(draft.RoomAfter);
    }
}
