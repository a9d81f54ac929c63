using System.Net.Http.Json;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Operations;

/// <summary>
/// No token, password, ticket or message ever stands in the log, in a trace or in a metric, however much of it is written.
/// </summary>
[Collection(Tracing.Name)]
public sealed class SecretsInLogTests
{
    [Fact]
    [Attack("A-3")]
    [Attack("A-56")]
    public async Task Session_of_everything_leaves_no_secret_in_any_line()
    {
        const string Password = "the-password-of-ann", NewPassword = "the-next-password-of-ann", WrongPassword = "a-wrong-password";
        const string Text = "a-message-nobody-else-may-read", RefusedText = "a-text-that-is-refused";
        using var data = new TestDirectory();
        using var spans = new Spans();
        await using var server = await SkaldServer.StartAsync(
            [("Limits:Enabled", "true"), ("Limits:RegisterBurst", "1"), Scrape.On],
            data: data.Path);
        var ann = await server.RegisterAsync("ann", Password);
        var secrets = new List<string> { Password, NewPassword, WrongPassword, Text, RefusedText, ann.Access, ann.Refresh };

        // Signing in and out, rightly and wrongly.
        (await server.Http.PostAsJsonAsync("/api/register/", new { username = "bob", password = WrongPassword, email = "not-an-address" }))
            .Dispose();
        (await server.Http.PostAsJsonAsync("/api/login/", new { username = "ann", password = WrongPassword })).Dispose();
        (await server.Http.PostAsync("/api/login/", new FormUrlEncodedContent([new("username", "ann"), new("password", WrongPassword)])))
            .Dispose();
        using var refreshed = await server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = ann.Refresh });
        var pair = await refreshed.Content.ReadFromJsonAsync<JsonElement>();
        ann = ann with { Access = pair.GetProperty("access").GetString()!, Refresh = pair.GetProperty("refresh").GetString()! };
        var (ticket, unused) = (await ann.TicketAsync(), await ann.TicketAsync());
        secrets.AddRange([ann.Access, ann.Refresh, ticket, unused]);
        (await ann.SendAsync(HttpMethod.Post, "/api/me/password/", new { current_password = WrongPassword, new_password = NewPassword }))
            .Dispose();
        (await ann.SendAsync(HttpMethod.Post, "/api/me/password/", new { current_password = Password, new_password = NewPassword }))
            .Dispose();

        // Sockets of every kind, opened and refused.
        await using (var byTicket = await ChatSocket.OpenAsync(server.SocketAddress($"/ws/?ticket={ticket}")))
            await byTicket.ExpectAsync("ready");
        await RawHttp.HandshakeAsync(server.Address, $"/ws/?ticket={ticket}");
        await RawHttp.HandshakeAsync(server.Address, $"/ws/?token={ann.Refresh}");
        await RawHttp.HandshakeAsync(server.Address, $"/ws/?token={ann.Access}", "Origin: https://evil.example");
        await RawHttp.HandshakeAsync(server.Address, $"/ws/chat/no.where/?token={ann.Access}");
        await RawHttp.AskAsync(server.Address, $"GET /ws/?token={ann.Access}");
        await RawHttp.AskAsync(server.Address, $"GET /nowhere?token={ann.Access}");
        await RawHttp.AskAsync(
            server.Address,
            $"GET /api/chat/history/global/?token={ann.Access}&before={ann.Access}",
            $"Authorization: Bearer {ann.Access}");
        await using (var byFrame = await ChatSocket.OpenAsync(server.SocketAddress("/ws/")))
        {
            await byFrame.SendAsync(new { type = "auth", id = 1, token = ann.Access });
            await byFrame.ExpectAsync("ready");
            await byFrame.SendAsync(new { type = "auth", id = 2, token = ann.Refresh });
            await byFrame.ExpectAsync("error");
            await byFrame.SayAsync("global", Text, "12345678");
            await byFrame.ExpectAsync("ack");
            await byFrame.SayAsync("global", Text, "bad id");
            await byFrame.ExpectAsync("error");
            await byFrame.SendTextAsync($$"""{"type":"send","room":"global","message":"{{RefusedText}}","message":""");
            Assert.Equal(4400, await byFrame.ExpectCloseAsync());
        }

        await using (var room = await ann.OpenRoomAsync("global", "&since=0"))
        {
            Assert.Equal([Text], await room.ReceiveMessagesAsync(1));
            await room.SendAsync(new { message = RefusedText, client_msg_id = "x" });
            await room.ExpectAsync("error");
        }

        // Sends over HTTP, stored and refused, and one that the storage fails.
        (await ann.PublishAsync("global", Text)).Dispose();
        (await ann.PublishAsync("global", RefusedText, "x")).Dispose();
        await using (var shell = data.Connect())
        {
            await using var drop = shell.CreateCommand();
            drop.CommandText = "ALTER TABLE messages RENAME COLUMN body TO text";
            await drop.ExecuteNonQueryAsync();
        }

        (await ann.PublishAsync("global", RefusedText)).Dispose();
        (await ann.SendAsync(HttpMethod.Get, "/api/chat/history/global/")).Dispose();
        (await ann.SendAsync(HttpMethod.Post, "/api/logout/")).Dispose();
        (await ann.SendAsync(HttpMethod.Get, "/api/me/")).Dispose();
        string[] seen =
        [
            await server.MetricsTextAsync(),
            await server.Http.GetStringAsync(new Uri(server.OperatorAddress(), "/healthz")),
            .. spans.All.SelectMany(
                span => span.TagObjects.Select(tag => $"{span.DisplayName} {tag.Key} {tag.Value}").Append($"{span.StatusDescription}")),
        ];
        await server.StopAsync();

        secrets.Add(await KeyAsync(data.Path));
        Assert.True(server.Log.Lines.Count > 100, "The log is too short to prove anything.");
        Assert.Contains(server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));   // the storage's fault was logged
        Assert.All(secrets, secret => Assert.DoesNotContain(server.Log.Lines, line => line.Contains(secret, StringComparison.Ordinal)));
        Assert.Contains("skald_sends_total", seen[0], StringComparison.Ordinal);
        Assert.Contains("message skald.room global", seen);
        Assert.All(secrets, secret => Assert.DoesNotContain(seen, text => text.Contains(secret, StringComparison.Ordinal)));
        // Not even a part of a token: its signature alone is what must not be known.
        Assert.All(
            secrets.Where(secret => secret.Split('.').Length == 3),
            token => Assert.DoesNotContain(server.Log.Lines, line => line.Contains(token.Split('.')[2], StringComparison.Ordinal)));
    }

    [Fact]
    [Attack("A-64")]
    public async Task Flood_of_bad_handshakes_and_frames_does_not_flood_the_log()
    {
        await using var server = await SkaldServer.StartAsync();
        var before = Notable(server);

        for (var i = 0; i < 200; i++)
            await RawHttp.HandshakeAsync(server.Address, "/ws/?token=wrong");
        for (var i = 0; i < 50; i++)
        {
            await using var socket = await ChatSocket.OpenAsync(server.SocketAddress("/ws/"));
            await socket.SendTextAsync("no JSON");
            Assert.Equal(4400, await socket.ExpectCloseAsync());
        }

        Assert.InRange(Notable(server) - before, 0, 20);
    }

    /// <summary>Lines that are printed as shipped.</summary>
    private static int Notable(SkaldServer server) => server.Log.Lines.Count(line =>
        line.StartsWith("Warning", StringComparison.Ordinal)
            || line.StartsWith("Error", StringComparison.Ordinal)
            || line.StartsWith("Critical", StringComparison.Ordinal)
        || line.StartsWith("Information Skald", StringComparison.Ordinal));

    /// <summary>The text of the key file, whatever its form.</summary>
    private static async Task<string> KeyAsync(string data)
    {
        var file = Directory.GetFiles(data)
            .Single(path => !Path.GetFileName(path).StartsWith("skald.db", StringComparison.Ordinal)
            && !path.EndsWith(".lock", StringComparison.Ordinal));
        var text = await File.ReadAllTextAsync(file);
        return text.Split(['"', '\n', ' ', ':', ','], StringSplitOptions.RemoveEmptyEntries).MaxBy(word => word.Length)!;
    }
}
