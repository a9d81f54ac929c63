using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Browser;

/// <summary>
/// A page of another origin chats with the JavaScript client where the server lists its origin; else a browser lets it do nothing.
/// </summary>
public sealed class OtherOriginTests(Chromium chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task Page_of_an_allowed_origin_registers_signs_in_reads_sends_and_receives()
    {
        var site = Keep(await OtherSite.StartAsync());
        var server = await StartServerAsync(("Connections:AllowedOrigins", site.Origin));
        var ben = await server.RegisterAsync("ben");
        foreach (var text in new[] { "one", "two", "three" })
            (await ben.PublishAsync("global", text)).EnsureSuccessStatusCode().Dispose();
        await using var reader = await ben.JoinAsync("global");
        var page = await OpenAsync(site.Address);

        var read = await page.Page.EvaluateAsync<JsonElement>(
            """
            async (server) => {
              const { Session, SkaldClient } = await import("/client/index.js");
              const session = new Session(server);
              const { open } = await session.registration();
              const { username } = await session.register({ username: "eve", password: "12345678" });
              await session.login("eve", "12345678");
              await session.renew();
              const client = new SkaldClient(session);
              client.connect();
              const heard = [];
              window.heard = new Promise((resolve) => {
                client.join("global", { onMessage: ({ message }) => heard.push(message) === 2 && resolve(heard) });
              });
              const { seq } = await client.send("global", "from elsewhere");
              const newest = await client.history("global", { limit: 2 });
              const older = await client.history("global", { limit: 2, before: newest.before });
              return { open, username, seq, texts: [...older.messages, ...newest.messages].map(({ message }) => message) };
            }
            """,
            server.Address.ToString());

        Assert.True(read.GetProperty("open").GetBoolean());
        Assert.Equal("eve", read.GetProperty("username").GetString());
        Assert.Equal(4, read.GetProperty("seq").GetInt32());
        Assert.Equal(
            ["one", "two", "three", "from elsewhere"], read.GetProperty("texts").EnumerateArray().Select(text => text.GetString()!));
        Assert.Equal(["from elsewhere"], await reader.ReceiveMessagesAsync(1));
        (await ben.PublishAsync("global", "welcome")).EnsureSuccessStatusCode().Dispose();
        Assert.Equal(["from elsewhere", "welcome"], await page.Page.EvaluateAsync<string[]>("window.heard"));
        Assert.Empty(page.Faults.ConsoleErrors);
    }

    [Fact]
    [Attack("A-1")]
    public async Task Page_of_another_origin_gets_nothing_even_with_a_token()
    {
        var (friend, stranger) = (Keep(await OtherSite.StartAsync()), Keep(await OtherSite.StartAsync()));
        var server = await StartServerAsync(("Connections:AllowedOrigins", friend.Origin));
        var ann = await server.RegisterAsync("ann");
        (await ann.PublishAsync("global", "for members")).EnsureSuccessStatusCode().Dispose();
        var page = await OpenAsync(stranger.Address);

        var got = await page.Page.EvaluateAsync<string[]>(
            """
            async ([server, access]) => {
              const { Session, SkaldClient } = await import("/client/index.js");
              const outcome = (promise) => promise.then(() => "got through", ({ code }) => code);
              const session = new Session(server);
              const owned = new Session(server, { tokens: { access, username: "ann" } });
              const client = new SkaldClient(owned);
              const socket = (...protocols) => new Promise((resolve) => {
                const opened = new WebSocket(server.replace("http", "ws") + "ws/", protocols);
                opened.onopen = () => resolve("got through");
                opened.onerror = () => resolve("unreachable");
              });
              return [
                await outcome(session.registration()),
                await outcome(session.register({ username: "mallory", password: "12345678" })),
                await outcome(session.login("ann", "12345678")),
                await outcome(client.history("global")),
                await outcome(owned.call("POST", "api/rooms/global/messages/", { message: "forged" })),
                await outcome(owned.call("DELETE", "api/me/sessions/")),
                await socket(),
                await socket("skald", `skald.token.${access}`),
              ];
            }
            """,
            new[] { server.Address.ToString(), ann.Access });

        Assert.Equal(Enumerable.Repeat("unreachable", 8), got);
        Assert.Single(await ann.HistoryAsync("global"));
        using var login = await server.Http.PostAsJsonAsync("/api/login/", new { username = "mallory", password = "12345678" });
        Assert.Equal(HttpStatusCode.Unauthorized, login.StatusCode);
    }
}
