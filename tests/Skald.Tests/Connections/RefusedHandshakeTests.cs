using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>
/// What keeps every socket from opening is mostly a proxy's setting: the log names it, and nobody can fill the log with it.
/// </summary>
public sealed class RefusedHandshakeTests
{
    [Fact]
    public async Task Proxy_that_drops_Upgrade_is_named_to_the_client_and_in_the_log()
    {
        await using var server = await SkaldServer.StartAsync();

        foreach (var start in new[] { "GET /ws/ HTTP/1.0", "GET /ws/chat/global/" })
        {
            var answer = await RawHttp.AskAsync(
                server.Address, start, "Connection: close", "Sec-WebSocket-Version: 13", $"Sec-WebSocket-Key: {RawHttp.Key}");
            Assert.Equal((426, "upgrade_required"), (answer.Status, answer.Code));
            Assert.Contains(
                "a proxy on the way drops it",
                JsonElement.Parse(answer.Body).GetProperty("detail").GetString(),
                StringComparison.Ordinal);
        }

        Assert.Contains("proxy_set_header Upgrade", Assert.Single(Lines(server, "Warning")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://{own}", "TrustedProxies")]
    [InlineData("https://chat.example", "proxy_set_header Host")]
    [InlineData("https://chat.example", "Connections:AllowedOrigins")]
    public async Task Own_page_that_is_refused_behind_a_proxy_is_explained(string origin, string remedy)
    {
        await using var server = await SkaldServer.StartAsync();
        origin = origin.Replace("{own}", server.Address.Authority, StringComparison.Ordinal);

        Assert.Equal(403, (await RawHttp.HandshakeAsync(server.Address, "/ws/", $"Origin: {origin}")).Status);

        var line = Assert.Single(Lines(server, "Warning"));
        Assert.Contains(remedy, line, StringComparison.Ordinal);
        Assert.Contains(origin, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Upgrade: websocket")]
    [InlineData(
        "Origin: https://evil.example", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: {key}")]
    [InlineData("Sec-WebSocket-Key: {key}")]
    [InlineData(
        "Authorization: Bearer wrong", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: {key}")]
    public async Task Thousands_of_refusals_of_one_kind_are_a_line_a_minute_with_their_number(params string[] headers)
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(clock: clock);
        headers = [.. headers.Select(header => header.Replace("{key}", RawHttp.Key, StringComparison.Ordinal))];
        using var raw = await RawHttp.OpenAsync(server.Address);

        for (var n = 0; n < 200; n++)
            await raw.AskAsync(server.Address, "GET /ws/", headers, body: "");
        var first = Assert.Single(Lines(server, "Warning", "Information"));
        clock.Advance(TimeSpan.FromMinutes(1));
        await raw.AskAsync(server.Address, "GET /ws/", headers, body: "");

        Assert.Contains(" 0 more", first, StringComparison.Ordinal);
        Assert.Contains(" 199 more", Lines(server, "Warning", "Information")[1], StringComparison.Ordinal);
    }

    private static string[] Lines(SkaldServer server, params string[] levels) =>
        [.. server.Log.Lines.Where(line =>
            Array.Exists(levels,
                level => line.StartsWith($"{level} Skald.Server.Connections.RefusedHandshakes", StringComparison.Ordinal)))];
}
