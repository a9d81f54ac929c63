using System.Text.Json;
using Skald.Protocol;
using Skald.Server.Storage.Sqlite;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>
/// P-12: whoever comes back to a place that the log does not have is told so, whichever way it comes, and goes on without a hole.
/// </summary>
public sealed class LostPositionTests : IDisposable
{
    private const int Stored = 6;

    private readonly TestDirectory _data = new(), _elsewhere = new();

    private static readonly string[] Ways = ["join", "join without id", "resume", "resume without id", "room socket"];

    public void Dispose()
    {
        _data.Dispose();
        _elsewhere.Dispose();
    }

    [Theory]
    [InlineData("trimmed")]
    [InlineData("trimmed to nothing")]
    [InlineData("ahead")]
    [InlineData("far ahead")]
    [InlineData("another epoch")]
    [InlineData("restored")]
    public async Task Place_that_the_log_does_not_have_is_always_said(string reason)
    {
        var epoch = await PrepareAsync();
        var data = _data.Path;
        if (reason == "trimmed")
            _data.Execute("DELETE FROM messages WHERE seq < 4; UPDATE rooms SET first_seq = 4 WHERE name = 'global'");
        else if (reason == "trimmed to nothing")
            _data.Execute("DELETE FROM messages; UPDATE rooms SET first_seq = 7 WHERE name = 'global'");
        else if (reason == "restored")
            data = Restore();
        var (since, asked) = reason switch
        {
            "ahead" => (1_000, epoch),
            "far ahead" => (long.MaxValue, epoch),
            "another epoch" => (3, "another"),
            _ => (2, epoch),
        };

        await using var server = await SkaldServer.StartAsync(data: data);
        var ann = await server.LoginAsync("ann");
        foreach (var way in Ways)
        {
            await using var socket = await ComeBackAsync(ann, way, since, asked);
            var joined = await socket.ExpectAsync("joined");

            Assert.False(joined.GetProperty("complete").GetBoolean());
            var (place, newest) = (joined.GetProperty("since").GetInt64(), joined.GetProperty("seq").GetInt64());
            Assert.Equal(
                reason.StartsWith("trimmed", StringComparison.Ordinal) ? joined.GetProperty("first_seq").GetInt64() - 1 : newest,
                place);
            Assert.Equal(reason == "restored", joined.GetProperty("epoch").GetString() != epoch);
            await AssertGoesOnAsync(ann, socket, joined);
        }
    }

    [Fact]
    public async Task Place_that_the_log_has_goes_on_from_there()
    {
        var epoch = await PrepareAsync();
        await using var server = await SkaldServer.StartAsync(data: _data.Path);
        var ann = await server.LoginAsync("ann");
        foreach (var way in Ways.Where(way => !way.EndsWith("without id", StringComparison.Ordinal)))
        {
            await using var socket = await ComeBackAsync(ann, way, 2, epoch);
            var joined = await socket.ExpectAsync("joined");

            Assert.Equal((true, 2), (joined.GetProperty("complete").GetBoolean(), joined.GetProperty("since").GetInt64()));
            await AssertGoesOnAsync(ann, socket, joined);
        }
    }

    /// <summary>Six messages in <c>global</c>, of ann; then the server stops.</summary>
    private async Task<string> PrepareAsync()
    {
        await using var server = await SkaldServer.StartAsync(data: _data.Path);
        var ann = await server.RegisterAsync("ann");
        for (var n = 1; n <= Stored; n++)
            (await ann.PublishAsync("global", $"{n}")).EnsureSuccessStatusCode();
        await using var socket = await ann.ConnectAsync();
        return (await socket.JoinAsync("global")).GetProperty("epoch").GetString()!;
    }

    private string Restore()
    {
        var backup = Path.Combine(_elsewhere.Path, "backup.db");
        SqliteBackup.Make(_data.Path, backup, overwrite: false);
        SqliteBackup.Restore(backup, _elsewhere.Path, journal: null, Timestamp.From(TimeProvider.System.GetUtcNow()));
        return _elsewhere.Path;
    }

    private static async Task<ChatSocket> ComeBackAsync(TestUser user, string way, long since, string epoch)
    {
        if (way == "room socket")
            return await user.OpenRoomAsync("global", $"&since={since}&epoch={epoch}");
        var socket = await user.ConnectAsync();
        int? id = way.EndsWith("without id", StringComparison.Ordinal) ? null : 1;
        await socket.SendAsync(way.StartsWith("join", StringComparison.Ordinal)
            ? new { type = "join", id, room = "global", since, epoch }
            : new { type = "resume", id, epoch, rooms = new { global = since } });
        return socket;
    }

    /// <summary>After the place that it was told comes every message, to the newest.</summary>
    private static async Task AssertGoesOnAsync(TestUser ann, ChatSocket socket, JsonElement joined)
    {
        (await ann.PublishAsync("global", "live")).EnsureSuccessStatusCode();
        var live = joined.GetProperty("seq").GetInt64() + 1;
        for (var seq = joined.GetProperty("since").GetInt64() + 1; seq <= live; seq++)
            Assert.Equal(seq, (await socket.ExpectAsync("chat_message")).GetProperty("seq").GetInt64());
    }
}
