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
}
