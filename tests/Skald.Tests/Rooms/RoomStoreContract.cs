using Skald.Protocol;
using Skald.Tests.History;

namespace Skald.Tests.Rooms;

/// <summary>What every engine's room store must do. An engine plugs in by opening its stores on an empty database.</summary>
public abstract class RoomStoreContract : IAsyncLifetime
{
    private Stores _stores = null!;

    public async ValueTask InitializeAsync() => _stores = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    private protected abstract Task<Stores> OpenAsync();

    [Fact]
    public async Task New_room_is_empty_and_is_found_by_its_name()
    {
        var created = await _stores.Rooms.CreateAsync("tech", createdBy: null);
        var found = (await _stores.Rooms.FindAsync("tech"))!;

        Assert.Equal((created.Id, "tech", 1, 0), (found.Id, found.Name, found.FirstSeq, found.LastSeq));
    }

    [Theory]
    [InlineData("Tech")]
    [InlineData("tec")]
    [InlineData("te%")]
    [InlineData("te_h")]
    [InlineData("tech' OR '1'='1")]
    [InlineData("")]
    public async Task Room_is_found_by_nothing_but_its_name(string name)
    {
        await _stores.Rooms.CreateAsync("tech", createdBy: null);

        Assert.Null(await _stores.Rooms.FindAsync(name));
    }

    [Fact]
    public async Task Case_makes_another_room()
    {
        var lower = await _stores.Rooms.CreateAsync("tech", createdBy: null);
        var upper = await _stores.Rooms.CreateAsync("TECH", createdBy: null);

        Assert.NotEqual(lower.Id, upper.Id);
    }

    [Fact]
    public async Task Whoever_makes_a_room_that_is_there_gets_that_one()
    {
        var rooms = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _stores.Rooms.CreateAsync("tech", createdBy: null)));

        Assert.Single(rooms.Select(room => room.Id).Distinct());
    }

    [Fact]
    public async Task Longest_name_and_its_maker_are_kept()
    {
        var name = new string('r', RoomName.MaxLength);
        var ann = (await _stores.Accounts.CreateAccountAsync("ann", "", "hash", new Timestamp(1)))!;

        var room = await _stores.Rooms.CreateAsync(name, ann.Id);

        Assert.Equal(name, room.Name);
    }

    [Fact]
    public async Task Room_of_a_user_who_is_not_there_is_not_made()
    {
        await Assert.ThrowsAnyAsync<Exception>(() => _stores.Rooms.CreateAsync("tech", createdBy: 999));

        Assert.Null(await _stores.Rooms.FindAsync("tech"));
    }
}
