using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>P-31: SIGTERM while everybody sends.</summary>
public sealed class DrainUnderLoadTests
{
    [Fact]
    public async Task Server_that_is_told_to_stop_answers_what_it_took_and_loses_nothing()
    {
        var data = TestData.NewDirectory();
        await using var run = new CrashRun(
            Seed.Next(nameof(Server_that_is_told_to_stop_answers_what_it_took_and_loses_nothing)), () => SkaldProcess.StartAsync(data));
        for (var round = 0; round < Seed.Count(3, 20); round++)
        {
            await run.LiveAndDieAsync(async server =>
            {
                // One that will never answer the server's close.
                using var mute = await RawWebSocket.OpenAsync(server.SocketAddress($"/ws/?token={await server.SignInAsync("mute")}"));
                var told = TimeProvider.System.GetTimestamp();
                Assert.Equal(0, await server.StopAsync());
                Assert.True(TimeProvider.System.GetElapsedTime(told) < TimeSpan.FromSeconds(25), "It takes more than 25 s to stop.");
            });
            Assert.All(run.ClosedWith, code => Assert.Equal(4001, code));
        }

        Checker.AssertNone(await run.JudgeAsync());
        Assert.Equal("ok", await run.CheckIntegrityAsync(data));
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Server_that_stops_without_what_it_has_acked_turns_the_checker_red()
    {
        using var data = new TestDirectory();
        await using var run = new CrashRun(
            Seed.Next(nameof(Server_that_stops_without_what_it_has_acked_turns_the_checker_red)),
            () => WeakHost.StartAsync(data.Path, WeakHost.AcksFirst));
        await run.LiveAndDieAsync(server => server.StopAsync());

        Assert.Contains(await run.JudgeAsync(), v => v.Promise == "P-1");
    }

    [Fact]
    public async Task Server_that_lets_its_clients_fall_turns_the_closes_red()
    {
        using var data = new TestDirectory();
        await using var run = new CrashRun(
            Seed.Next(nameof(Server_that_lets_its_clients_fall_turns_the_closes_red)),
            () => WeakHost.StartAsync(data.Path, WeakHost.NoDrain));
        await run.LiveAndDieAsync(server => server.StopAsync());

        Assert.Contains(run.ClosedWith, code => code != 4001);
    }
}
