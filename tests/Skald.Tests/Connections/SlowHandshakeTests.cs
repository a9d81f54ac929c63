using System.Net.Sockets;
using System.Text;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>Hundreds of connections whose request never comes to its end, byte by byte.</summary>
public sealed class SlowHandshakeTests
{
    private static readonly int Slow = Seed.Count(200, 500);

    /// <summary>Of a busy machine. A server that waits for the slow ones lets the others wait for good.</summary>
    private static readonly TimeSpan MostForTheHealthy = TimeSpan.FromSeconds(10);

    [Fact]
    [Attack("A-12")]
    public async Task Handshakes_that_never_end_are_cut_off_and_the_others_do_not_wait()
    {
        var (ended, slowest) = await DribbleAsync("00:00:02", until: (ended, _) => ended == Slow);

        Assert.Equal(Slow, ended);
        Assert.True(slowest < MostForTheHealthy, $"A healthy handshake took {slowest}.");
    }

    [Fact]
    public async Task Without_the_limit_they_stay()
    {
        var (ended, _) = await DribbleAsync("01:00:00", until: (_, time) => time > TimeSpan.FromSeconds(5));

        Assert.Equal(0, ended);
    }

    private static async Task<(int Ended, TimeSpan Slowest)> DribbleAsync(string headerTime, Func<int, TimeSpan, bool> until)
    {
        await using var server = await SkaldServer.StartAsync([("Limits:RequestHeaderTime", headerTime)]);
        var ann = await server.RegisterAsync("ann");
        var slow = new List<Socket>();
        for (var n = 0; n < Slow; n++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(server.Address.Host, server.Address.Port, Deadline.Token());
            await socket.SendAsync(
                Encoding.ASCII.GetBytes($"GET /ws/?token={ann.Access} HTTP/1.1\r\nHost: {server.Address.Authority}\r\nX-Slow: "));
            slow.Add(socket);
        }

        var (started, slowest, ended) = (TimeProvider.System.GetTimestamp(), TimeSpan.Zero, 0);
        while (!until(ended, TimeProvider.System.GetElapsedTime(started)))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Deadline.Default, $"{Slow - ended} of {Slow} are still there.");
            foreach (var socket in slow.ToArray())
            {
                if (await IsThereAsync(socket))
                    continue;
                slow.Remove(socket);
                socket.Dispose();
                ended++;
            }

            var asked = TimeProvider.System.GetTimestamp();
            await using (var healthy = await ann.ConnectAsync())
                slowest = TimeSpan.FromTicks(Math.Max(slowest.Ticks, TimeProvider.System.GetElapsedTime(asked).Ticks));
        }

        foreach (var socket in slow)
            socket.Dispose();
        return (ended, slowest);
    }

    /// <summary>Sends one byte more.</summary>
    /// <returns>False where the server has answered, or gone: it waits no longer.</returns>
    private static async Task<bool> IsThereAsync(Socket socket)
    {
        try
        {
            return !socket.Poll(0, SelectMode.SelectRead) && await socket.SendAsync("x"u8.ToArray()) == 1;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
