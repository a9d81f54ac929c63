using System.Net;
using System.Net.Sockets;
using System.Text;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>More connections than the system gives file descriptors for.</summary>
public sealed class OpenFilesTests
{
    private const int Most = 1_000;

    [Theory]
    [Attack("A-13")]
    [Attack("A-64")]
    [InlineData("")]
    [InlineData("GET /ws/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")]
    public async Task Server_that_could_run_out_of_them_refuses_and_lives(string saying)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/prlimit"), "prlimit is not here.");
        using var data = new TestDirectory();
        await using var server = await SkaldProcess.StartAsync(data.Path, "prlimit", $"--nofile={Most}:{Most}");
        var access = await server.SignInAsync("ann");
        using var early = await RawWebSocket.OpenAsync(server.SocketAddress($"/ws/?token={access}"));

        var crowd = new List<Socket>();
        for (var n = 0; n < Most; n++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            crowd.Add(socket);
            await socket.ConnectAsync(IPAddress.Loopback, server.Http.BaseAddress!.Port, Deadline.Token());
            await Record.ExceptionAsync(async () => await socket.SendAsync(Encoding.ASCII.GetBytes(saying)));
        }

        // Whoever was there before is served while they are.
        await early.SendAsync(WireFrame.OfText("""{"type":"ping","id":1}"""));
        while (await early.ReadAsync() is { } frame && frame.Text.Contains("\"pong\"", StringComparison.Ordinal) is false)
            Assert.NotEqual(WireFrame.CloseCode, frame.Opcode);
        Assert.False(server.HasExited, server.Output);
        foreach (var socket in crowd)
            socket.Dispose();
        await Deadline.UntilAsync(() => server.HasExited || server.Handles.All < Most / 2, "the crowd has gone");

        Assert.False(server.HasExited, server.Output);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(server));
        Assert.DoesNotContain("crit:", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("fail:", server.Output, StringComparison.Ordinal);
    }

    /// <summary>Asks until it is answered: the last of the crowd may still be on their way out.</summary>
    private static async Task<HttpStatusCode> AskAsync(SkaldProcess server)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await server.ReadinessAsync();
            }
            catch (HttpRequestException) when (TimeProvider.System.GetElapsedTime(started) < Deadline.Default)
            {
                // Refused: so it asks again.
            }
        }
    }
}
