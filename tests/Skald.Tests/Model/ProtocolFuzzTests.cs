using Skald.Tests.Harness;

namespace Skald.Tests.Model;

/// <summary>T-F1: clients that send nonsense, and one beside them that does not.</summary>
public sealed class ProtocolFuzzTests
{
    private const int Clients = 4;

    private static readonly TimeSpan MostForTheHealthy = TimeSpan.FromSeconds(5);   // of a machine that does other things too

    [Fact]
    [Attack("A-40")]
    public async Task Nonsense_is_answered_or_ends_its_own_connection_and_nobody_else_notices()
    {
        var seed = Seed.Next(nameof(Nonsense_is_answered_or_ends_its_own_connection_and_nobody_else_notices));
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        Uri[] addresses =
        [
            server.SocketAddress($"/ws/?token={ann.Access}"), server.SocketAddress($"/ws/?token={ann.Access}"),
            server.SocketAddress("/ws/"),
            server.SocketAddress($"/ws/chat/global/?token={ann.Access}"),
        ];
        var checker = new Checker();
        using var healthy = new LoggedClient(checker.NewClient("healthy"));
        await healthy.ConnectAsync(addresses[0]);
        await healthy.JoinAsync("health");

        var fuzzing = Task.WhenAll(Enumerable.Range(0, Clients).Select(n =>
            Task.Run(() => FuzzAsync(new Random(seed + n), addresses[n], Seed.Count(20_000, 200_000) / Clients))));
        var slowest = TimeSpan.Zero;
        for (var n = 0; !fuzzing.IsCompleted; n++)
        {
            var started = TimeProvider.System.GetTimestamp();
            Assert.True(await healthy.SendAsync("health", $"message-{n}"));
            var took = TimeProvider.System.GetElapsedTime(started);
            slowest = took > slowest ? took : slowest;
        }

        await fuzzing;
        var history = await HistoryReader.ReadAsync(server.Http, ann.Access, "health");
        await healthy.UntilAsync("health", history.Messages.Count);
        healthy.Stay("health");
        checker.AssertHolds(history);
        Assert.True(slowest < MostForTheHealthy, $"The healthy client waited {slowest} for an ack.");
        var errors = server.Log.Lines.Where(
            line => line.StartsWith("Error", StringComparison.Ordinal) || line.StartsWith("Critical", StringComparison.Ordinal));
        Assert.True(!errors.Any(), $"{errors.Count()} errors, the first: {errors.FirstOrDefault()}");
    }

    private static async Task FuzzAsync(Random random, Uri address, int inputs)
    {
        var input = new FuzzInput(random);
        var socket = await RawWebSocket.OpenAsync(address);
        for (var n = 0; n < inputs; n++)
        {
            // Most inputs are frames, and after them the connection must answer a ping or have closed. The rest may leave the
            // server in the middle of something: there the client's end must end it.
            var whole = random.Next(8) > 0;
            if (!await AnswersAsync(socket, whole ? input.Framed(input.Envelope()) : input.Bytes(), probe: whole))
            {
                socket.Dispose();
                socket = await RawWebSocket.OpenAsync(address);
            }
        }

        socket.Dispose();
    }

    /// <returns>Whether the connection goes on.</returns>
    private static async Task<bool> AnswersAsync(RawWebSocket socket, byte[] bytes, bool probe)
    {
        try
        {
            await socket.SendAsync(bytes);
            if (probe)
                await socket.SendAsync(WireFrame.Ping("still there?"));
            else
                socket.ShutdownSend();
            while (await socket.ReadAsync() is { } frame)
            {
                if (probe && frame.ToString() == "pong still there?")
                    return true;
                if (frame.Opcode == WireFrame.CloseCode)
                    socket.ShutdownSend();
            }

            return false;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
