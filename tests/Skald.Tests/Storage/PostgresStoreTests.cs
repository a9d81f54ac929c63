using Skald.Tests.History;
using Skald.Tests.Rooms;

namespace Skald.Tests.Storage;

public sealed class PostgresMessageStoreTests : MessageStoreContract
{
    private readonly PostgresStores _postgres = new();

    public override ValueTask DisposeAsync() => _postgres.DisposeAsync();

    private protected override Task<Stores> OpenAsync() => _postgres.OpenAsync();

    private protected override Task<Stores> ReopenAsync() => OpenAsync();
}

public sealed class PostgresFollowedLogTests : FollowedLogContract
{
    private readonly PostgresStores _postgres = new();

    public override ValueTask DisposeAsync() => _postgres.DisposeAsync();

    [Fact]
    public async Task Commits_of_one_room_after_another_are_one_run()
    {
        await Whole_log_has_the_entries_of_all_rooms_in_the_order_of_their_commits();

        // global, tech; tech goes on; global, tech
        Assert.Equal(
            4L, await (await Harness.SharedPostgres.GetAsync()).ExecuteAsync(_postgres.Name, "SELECT count(*) FROM runs"));
    }

    private protected override Task<Stores> OpenAsync() => _postgres.OpenAsync();

    private protected override Task<Stores> ReopenAsync() => OpenAsync();
}

public sealed class PostgresRoomStoreTests : RoomStoreContract
{
    private readonly PostgresStores _postgres = new();

    public override ValueTask DisposeAsync() => _postgres.DisposeAsync();

    private protected override Task<Stores> OpenAsync() => _postgres.OpenAsync();
}
