using System.Data.Common;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>A storage that refuses one room: the answer names the room, and every other room is entered.</summary>
public sealed class RefusedRoomTests
{
    [Fact]
    public async Task Resume_goes_on_with_the_next_room_where_the_storage_refuses_one()
    {
        await using var server = await StartAsync(StorageException.OfRead(ErrorCode.Overloaded), refusedRead: 2);
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.SendTextAsync("""{"type":"resume","id":7,"rooms":{"first":0,"refused":0,"last":null}}""");

        Assert.Equal("first", (await socket.ExpectAsync("joined")).GetProperty("room").GetString());
        var error = await socket.ExpectErrorAsync("overloaded");
        Assert.Equal(("refused", 7), (error.GetProperty("room").GetString(), error.GetProperty("re").GetInt32()));
        Assert.Equal("last", (await socket.ExpectAsync("joined")).GetProperty("room").GetString());
    }

    [Theory]
    [InlineData("""{"type":"join","id":7,"room":"refused"}""")]
    [InlineData("""{"type":"send","id":7,"room":"refused","message":"x"}""")]
    public async Task Refusal_of_the_storage_names_its_room(string command)
    {
        await using var server = await StartAsync(new StorageException(ErrorCode.StorageFull));
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.SendTextAsync(command);

        Assert.Equal("refused", (await socket.ExpectErrorAsync("storage_full")).GetProperty("room").GetString());
    }

    [Fact]
    public async Task Read_that_is_refused_does_not_speak_of_storing()
    {
        await using var server = await StartAsync(StorageException.OfRead(ErrorCode.StorageFailed));
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.SendTextAsync("""{"type":"join","id":7,"room":"refused"}""");

        Assert.DoesNotContain(
            "store",
            (await socket.ExpectErrorAsync("storage_failed")).GetProperty("detail").GetString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resume_from_now_on_enters_where_the_room_is()
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        (await ann.PublishAsync("busy", "before")).EnsureSuccessStatusCode();
        await using var socket = await ann.ConnectAsync();

        await socket.SendTextAsync("""{"type":"resume","id":1,"epoch":"of-another-log","rooms":{"busy":null,"new":null}}""");
        var joined = new[] { await socket.ExpectAsync("joined"), await socket.ExpectAsync("joined") };
        (await ann.PublishAsync("busy", "after")).EnsureSuccessStatusCode();

        Assert.Equal([("busy", 1, 1, true), ("new", 0, 0, true)], joined.Select(Place));
        Assert.Equal(["after"], await socket.ReceiveMessagesAsync(1));
    }

    private static (string?, long, long, bool) Place(JsonElement joined) => (
        joined.GetProperty("room").GetString(), joined.GetProperty("seq").GetInt64(), joined.GetProperty("since").GetInt64(),
        joined.GetProperty("complete").GetBoolean());

    private static Task<SkaldServer> StartAsync(StorageException refusal, int refusedRead = 1) =>
        SkaldServer.StartAsync(configure: services => services.AddSingleton(provider => new RoomStore(
            new RefusingDatabase(provider.GetRequiredService<IDatabase>(), refusal, refusedRead),
            provider.GetRequiredService<TimeProvider>())));

    /// <param name="refusedRead">Which one, from 1: each room is looked for once.</param>
    private sealed class RefusingDatabase(IDatabase database, StorageException refusal, int refusedRead) : DatabaseBehind(database)
    {
        private int _reads;

        public override Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> work) =>
            Interlocked.Increment(ref _reads) == refusedRead ? Task.FromException<T>(refusal) : base.ReadAsync(work);
    }
}
