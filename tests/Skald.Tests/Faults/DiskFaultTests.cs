using System.Net;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-4 on real disks: one that is full, and one whose fsync fails.</summary>
public sealed class DiskFaultTests
{
    private const string Room = "global", AfterRestart = "after-the-restart";

    [Fact]
    public async Task Full_disk_refuses_every_send_serves_every_read_and_recovers()
    {
        Assert.SkipWhen(CrashBox.WhyNot is not null, CrashBox.WhyNot ?? "");
        using var disk = new CrashBox(16);
        await using var server = await SkaldServer.StartAsync(data: disk.Data);
        var ann = await server.RegisterAsync("ann");
        var checker = new Checker();
        using var client = new LoggedClient(checker.NewClient("ann"));
        await client.ConnectAsync(server.SocketAddress($"/ws/?token={ann.Access}"));
        await client.JoinAsync(Room);
        await SayAsync(client, "before", 50);

        var ballast = disk.Fill();
        var sent = 0;
        while (!client.Log.Take().Any(e => e is Refused))
        {
            Assert.True(await client.SendAsync(Room, $"filling-{sent++:d8}"));
            Assert.True(sent < 20_000, "The disk is never full.");
        }

        await SayAsync(client, "full", 50);
        Assert.All(client.Log.Take().OfType<Refused>(), refused => Assert.Equal("storage_full", refused.Code));
        Assert.NotEmpty(await ann.HistoryAsync(Room));
        File.Delete(ballast);

        var freed = TimeProvider.System.GetTimestamp();
        for (var n = 0; !client.Log.Take().Any(e => e is Acked ack && ack.Text.StartsWith("freed", StringComparison.Ordinal)); n++)
            Assert.True(await client.SendAsync(Room, $"freed-{n:d8}"));
        Assert.True(TimeProvider.System.GetElapsedTime(freed) < TimeSpan.FromSeconds(2), "It takes more than 2 s to recover.");

        var history = await HistoryReader.ReadAsync(server.Http, ann.Access, Room);
        await client.UntilAsync(Room, history.Messages.Count);
        client.Stay(Room);
        checker.AssertHolds(history);
    }

    [Fact]
    public async Task Failed_fsync_ends_all_acks_until_the_server_is_started_again()
    {
        var (events, violations) = await FailSyncsAsync(SkaldProcess.StartAsync);

        Checker.AssertNone(violations);
        var acks = Array.FindLastIndex(events, e => e is Acked { Text: not AfterRestart });
        Assert.True(acks >= 0, "Nothing was acked before the disk failed.");
        Assert.True(acks < Array.FindIndex(events, e => e is Refused or Lost), "There is an ack after the disk failed.");
    }

    [Fact]
    public async Task Server_that_swallows_the_error_turns_the_checker_red()
    {
        var (_, violations) = await FailSyncsAsync((data, under) => WeakHost.StartAsync(data, WeakHost.SwallowsErrors, under));

        Assert.Contains(violations, v => v.Promise == "P-1");
    }

    /// <summary>
    /// The disk's syncs fail from the sixtieth on; then the server is killed, and started again on the same data and a sound disk.
    /// </summary>
    private static async Task<(Event[] Events, IReadOnlyList<Violation> Violations)> FailSyncsAsync(
        Func<string, string[], Task<SkaldProcess>> start)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "strace is what makes an fsync fail.");
        var data = TestData.NewDirectory();
        var checker = new Checker();
        var log = checker.NewClient("ann");
        using var client = new LoggedClient(log);
        using var reader = new LoggedClient(checker.NewClient("reader"));
        // Counted in each thread: those of the log's writer are the commits.
        string[] failing =
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=60+"];
        await using (var server = await start(data, failing))
        {
            var address = server.SocketAddress($"/ws/?token={await server.SignInAsync("ann")}");
            await reader.ConnectAsync(address);
            await reader.JoinAsync(Room);
            await client.ConnectAsync(address);
            for (var i = 0; i < 150; i++)
            {
                if (client.Ended.IsCompleted)
                    await client.ConnectAsync(address);
                await client.SendAsync(Room, $"message-{i:d8}");
            }

            if (log.Take().Any(e => e is Refused))
                Assert.Equal(HttpStatusCode.ServiceUnavailable, await server.ReadinessAsync());
            Assert.NotEmpty((await HistoryReader.ReadAsync(server.Http, address.Query["?token=".Length..], Room)).Messages);
            await server.KillAsync();
        }

        await using var again = await SkaldProcess.StartAsync(data);
        var access = await again.SignInAsync("ann");
        await client.ConnectAsync(again.SocketAddress($"/ws/?token={access}"));
        await reader.ConnectAsync(again.SocketAddress($"/ws/?token={access}"));
        await reader.JoinAsync(Room);
        Assert.True(await client.SendAsync(Room, AfterRestart));

        var history = await HistoryReader.ReadAsync(again.Http, access, Room);
        await reader.UntilAsync(Room, history.Messages.Count);
        reader.Stay(Room);
        return (log.Take(), checker.Check(history));
    }

    private static async Task SayAsync(LoggedClient client, string text, int count)
    {
        for (var i = 0; i < count; i++)
            Assert.True(await client.SendAsync(Room, $"{text}-{i:d8}"));
    }
}
