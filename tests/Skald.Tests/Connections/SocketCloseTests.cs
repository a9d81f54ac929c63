using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>How the Skald socket is closed, as a WebSocket client sees it.</summary>
public sealed class SocketCloseTests
{
    [Fact]
    public async Task Frame_of_bytes_is_refused_with_1003()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.SendBinaryAsync([1, 2, 3]);

        Assert.Equal(1003, (await socket.ExpectAsync("closing")).GetProperty("code").GetInt32());
        Assert.Equal(1003, await socket.ExpectCloseAsync());
    }

    [Fact]
    public async Task Who_closes_is_answered_with_the_same_code()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.CloseAsync();

        Assert.Equal(1000, (int)socket.CloseStatus!.Value);
    }
}
