using System.Security.Cryptography;
using System.Text;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>The opening handshake: what is one, what is none, and whose pages may make it.</summary>
public sealed class HandshakeTests(HandshakeTests.OneAllowedOrigin shared) : IClassFixture<HandshakeTests.OneAllowedOrigin>
{
    [Theory]
    [InlineData("/ws")]
    [InlineData("/ws/")]
    [InlineData("/ws/chat/global")]
    [InlineData("/ws/chat/global/")]
    [InlineData("/ws/chat/gl%6Fbal/")]
    public async Task Proper_handshake_is_answered_101_with_or_without_the_last_slash(string path)
    {
        var (server, ann) = (shared.Server, shared.Ann);

        var answer = await RawHttp.HandshakeAsync(server.Address, $"{path}?token={ann.Access}");

        Assert.Equal(101, answer.Status);
        Assert.Equal("websocket", Assert.Single(answer.Headers["Upgrade"]), ignoreCase: true);
        Assert.Equal("Upgrade", Assert.Single(answer.Headers["Connection"]), ignoreCase: true);
        Assert.Equal(Accept(RawHttp.Key), Assert.Single(answer.Headers["Sec-WebSocket-Accept"]));
        Assert.Empty(answer.Headers["Server"]);
    }

    [Theory]
    [InlineData("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")]
    [InlineData("Sec-WebSocket-Extensions: permessage-deflate")]
    [Attack("A-10")]
    public async Task What_is_offered_and_not_spoken_here_is_not_answered(string offer)
    {
        var server = shared.Server;

        var answer = await RawHttp.HandshakeAsync(server.Address, "/ws/", offer);

        Assert.Equal(101, answer.Status);
        Assert.Empty(answer.Headers["Sec-WebSocket-Extensions"]);
        Assert.Empty(answer.Headers["Sec-WebSocket-Protocol"]);
    }

    /// <summary>A browser fails the connection where it offered something and nothing of it is answered.</summary>
    [Theory]
    [InlineData("skald", "skald")]
    [InlineData("chat, superchat", "chat")]
    [InlineData("chat, skald", "skald")]
    [InlineData("skald.token.x, other", "other")]
    public async Task One_of_the_subprotocols_that_are_offered_is_answered_and_never_a_token(string offered, string answered)
    {
        var server = shared.Server;

        var answer = await RawHttp.HandshakeAsync(
            server.Address,
            $"/ws/?ticket={await shared.Ann.TicketAsync()}",
            $"Sec-WebSocket-Protocol: {offered}");

        Assert.Equal(101, answer.Status);
        Assert.Equal(answered, Assert.Single(answer.Headers["Sec-WebSocket-Protocol"]));
    }

    [Fact]
    public async Task Access_token_may_come_as_a_subprotocol()
    {
        var (server, ann) = (shared.Server, shared.Ann);
        using var raw = await RawHttp.OpenAsync(server.Address);

        var answer = await raw.AskAsync(
            server.Address, "GET /ws/", [.. RawHttp.Handshake, $"Sec-WebSocket-Protocol: skald, skald.token.{ann.Access}"], body: "");

        Assert.Equal((101, "skald"), (answer.Status, Assert.Single(answer.Headers["Sec-WebSocket-Protocol"])));
        Assert.Equal("ann", (await raw.SkipToAsync("ready")).GetProperty("user").GetProperty("username").GetString());
        Assert.Equal(
            403,
            (await RawHttp.HandshakeAsync(server.Address, "/ws/", "Sec-WebSocket-Protocol: skald, skald.token.wrong")).Status);
        Assert.Equal(
            403,
            (await RawHttp.HandshakeAsync(server.Address,
                "/ws/", $"Sec-WebSocket-Protocol: skald, skald.token.{ann.Access}, skald.token.{ann.Access}")
            ).Status);
    }

    [Theory]
    [InlineData("no upgrade at all", "GET /ws/")]
    [InlineData(
        "another protocol", "GET /ws/", "Connection: Upgrade", "Upgrade: h2c", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: {key}")]
    [InlineData("no Upgrade header", "GET /ws/", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: {key}")]
    [InlineData(
        "Connection does not say Upgrade", "GET /ws/", "Connection: keep-alive", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: {key}")]
    [InlineData("no version", "GET /ws/", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: {key}")]
    [InlineData(
        "version 8", "GET /ws/", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: {key}")]
    [InlineData(
        "version 14", "GET /ws/", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 14", "Sec-WebSocket-Key: {key}")]
    [InlineData(
        "two versions", "GET /ws/", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8",
        "Sec-WebSocket-Key: {key}")]
    [InlineData(
        "HTTP/1.0", "GET /ws/ HTTP/1.0", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: {key}")]
    [Attack("A-6")]
    public async Task What_is_no_handshake_of_version_13_on_http_1_1_is_answered_426(string what, string start, params string[] headers)
    {
        Assert.NotEmpty(what);
        var server = shared.Server;

        var answer = await RawHttp.AskAsync(
            server.Address,
            start,
            [.. headers.Select(header => header.Replace("{key}", RawHttp.Key, StringComparison.Ordinal))]);

        Assert.Equal((426, "upgrade_required"), (answer.Status, answer.Code));
        Assert.Equal("13", Assert.Single(answer.Headers["Sec-WebSocket-Version"]));
        Assert.Empty(answer.Headers["Sec-WebSocket-Accept"]);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("empty", "Sec-WebSocket-Key: ")]
    [InlineData("15 bytes", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA")]
    [InlineData("17 bytes", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("not base64", "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==")]
    [InlineData("two", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")]
    [Attack("A-6")]
    public async Task Key_that_is_none_is_answered_400(string what, params string[] keys)
    {
        Assert.NotEmpty(what);
        var server = shared.Server;

        var answer = await RawHttp.AskAsync(
            server.Address,
            "GET /ws/",
            ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", .. keys]);

        Assert.Equal((400, "malformed"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task Other_methods_are_answered_405(string method)
    {
        var server = shared.Server;

        var answer = await RawHttp.AskAsync(server.Address, $"{method} /ws/", [.. RawHttp.Handshake, "Content-Length: 0"]);

        Assert.Equal((405, "method_not_allowed"), (answer.Status, answer.Code));
        Assert.Contains("GET", Assert.Single(answer.Headers["Allow"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(101, "http://{own}")]
    [InlineData(101, "HTTP://{own}")]
    [InlineData(101, "https://good.example")]
    [InlineData(101, "HTTPS://GOOD.EXAMPLE")]
    [InlineData(101, "https://good.example/")]
    [InlineData(101, "https://good.example:443")]
    [InlineData(101, "https://xn--bcher-kva.example")]
    [InlineData(101, "https://b\u00fccher.example:443")]
    [InlineData(403, "https://good.example/chat")]
    [InlineData(403, "https://good.example?x")]
    [InlineData(403, "https://good.example\\@evil.example")]
    [InlineData(403, "https:\\\\good.example")]
    [InlineData(403, "*")]
    [InlineData(403, "https://*.example")]
    [InlineData(403, "https://evil.example")]
    [InlineData(403, "null")]
    [InlineData(403, "")]
    [InlineData(403, "https://good.example.evil")]
    [InlineData(403, "https://evil.good.example")]
    [InlineData(403, "https://evilgood.example")]
    [InlineData(403, "https://good.example:8443")]
    [InlineData(403, "http://good.example")]
    [InlineData(403, "https://good.example@evil.example")]
    [InlineData(403, "good.example")]
    [InlineData(403, "https://{own}")]
    [InlineData(403, "http://127.0.0.1")]
    [InlineData(403, "http://127.0.0.1:1")]
    [InlineData(403, "https://good.example https://evil.example")]
    [Attack("A-1")]
    public async Task Page_may_open_a_socket_only_from_this_server_or_an_allowed_origin(int status, string origin)
    {
        var (server, ann) = (shared.Server, shared.Ann);
        origin = origin.Replace("{own}", server.Address.Authority, StringComparison.Ordinal);

        foreach (var address in new[] { $"/ws/?token={ann.Access}", $"/ws/chat/global/?token={ann.Access}" })
        {
            var answer = await RawHttp.HandshakeAsync(server.Address, address, $"Origin: {origin}");
            Assert.Equal(status, answer.Status);
            if (status == 403)
                Assert.Equal("forbidden", answer.Code);
        }
    }

    [Fact]
    [Attack("A-1")]
    public async Task Two_origins_are_none()
    {
        var server = shared.Server;
        var own = $"Origin: http://{server.Address.Authority}";

        Assert.Equal(403, (await RawHttp.HandshakeAsync(server.Address, "/ws/", own, own)).Status);
        Assert.Equal(403, (await RawHttp.HandshakeAsync(server.Address, "/ws/", own, "Origin: https://evil.example")).Status);
    }

    [Fact]
    public async Task Refused_page_learns_nothing_about_the_token_it_brought()
    {
        var (server, ann) = (shared.Server, shared.Ann);

        var withToken = await RawHttp.HandshakeAsync(server.Address, $"/ws/?token={ann.Access}", "Origin: https://evil.example");
        var without = await RawHttp.HandshakeAsync(server.Address, "/ws/?token=wrong", "Origin: https://evil.example");

        Assert.Equal(withToken.Body, without.Body);
    }

    [Fact]
    [Attack("A-17")]
    public async Task Foreign_host_is_refused_where_the_own_one_is_configured()
    {
        await using var server = await SkaldServer.StartAsync([("AllowedHosts", "chat.example")]);

        using var foreign = await RawHttp.OpenAsync(server.Address);
        await foreign.WriteAsync("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        using var own = await RawHttp.OpenAsync(server.Address);
        await own.WriteAsync("GET /healthz HTTP/1.1\r\nHost: chat.example\r\n\r\n");

        Assert.Equal(400, (await foreign.ReadAnswerAsync()).Status);
        Assert.Equal(200, (await own.ReadAnswerAsync()).Status);
    }

#pragma warning disable CA5350 // SHA-1 is what RFC 6455 asks for.
    private static string Accept(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350

    /// <summary>A server that pages of one other origin may speak to.</summary>
    public sealed class OneAllowedOrigin : SharedServer
    {
        private protected override (string Key, string Value)[] Settings =>
            [("Connections:AllowedOrigins:0", "https://good.example"), ("Connections:AllowedOrigins:1", "https://B\u00dcCHER.example/")];
    }
}
