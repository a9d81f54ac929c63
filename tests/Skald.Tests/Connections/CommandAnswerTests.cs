using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>Which commands of the Skald socket are answered, and how an answer is told from others.</summary>
public sealed class CommandAnswerTests
{
    [Theory]
    [InlineData("1")]
    [InlineData("-9223372036854775808")]
    [InlineData("9223372036854775807")]
    [InlineData("\"text\"")]
    [InlineData("\"\"")]
    [InlineData("\"ünï \\\"quoted\\\"\"")]
    [InlineData("\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"")]
    public async Task Answer_carries_the_commands_id_back_as_it_was(string id)
    {
        await using var server = await SkaldServer.StartAsync();
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.SendTextAsync($$"""{"type":"ping","id":{{id}}}""");

        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(id), (await socket.ExpectAsync("pong")).GetProperty("re")));
    }

    [Fact]
    public async Task Command_without_an_id_is_done_without_an_answer()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.SendAsync(new { type = "ping" });
        await socket.SendAsync(new { type = "join", room = "global" });
        await socket.SendAsync(new { type = "resume", rooms = new { tech = 0 } });
        await socket.SendAsync(new { type = "send", room = "global", message = "one" });
        Assert.Equal("one", (await socket.ReceiveAsync()).GetProperty("message").GetString());
        await socket.SendAsync(new { type = "leave", room = "global" });
        await socket.SendAsync(new { type = "send", room = "tech", message = "two" });

        Assert.Equal("two", (await socket.ReceiveAsync()).GetProperty("message").GetString());
    }

    [Fact]
    public async Task Error_comes_also_where_there_is_no_id()
    {
        await using var server = await SkaldServer.StartAsync();
        await using var socket = await (await server.RegisterAsync("ann")).ConnectAsync();

        await socket.SendAsync(new { type = "send", room = "global", message = "" });

        Assert.False((await socket.ExpectErrorAsync("empty_message")).TryGetProperty("re", out _));
    }
}
