using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Http;

/// <summary>Input that is meant for a database, a file system or a shell: to Skald it is text, or no name.</summary>
public sealed class HostileInputTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private static readonly string[] Payloads =
    [
        "' OR '1'='1", "'; DROP TABLE messages; --", "\" OR 1=1 --", "1; ATTACH DATABASE 'x' AS y",
        "') UNION SELECT password_hash FROM users --", "%", "_", "a%' ESCAPE '",
        "\\'; --", "/* */", "admin'--", "x' AND randomblob(1000000000) --", "${7*7}", "{{7*7}}", "$(id)", "`id`", "| id", "; id",
        "\r\nSet-Cookie: a=b", "\u001b[2J",
        "../../etc/passwd", "..\\..\\windows", "/etc/passwd", "....//....//etc/passwd", "%2e%2e%2f", "skald.db", "skald.db-wal",
        "file:///etc/passwd", "CON", "a\u202egpj", "\u0000",
    ];

    public static TheoryData<string> All() => [.. Payloads];

    [Theory]
    [Attack("A-47")]
    [MemberData(nameof(All))]
    public async Task Text_is_stored_as_it_is_and_does_nothing_else(string payload)
    {
        if (payload == "\u0000")
            return;   // no text at all: HttpStatusTests
        using var sent = await shared.Ann.PublishAsync("hostile", payload);
        Assert.Equal(HttpStatusCode.Created, sent.StatusCode);

        Assert.Equal(payload, (await shared.Ann.HistoryAsync("hostile"))[^1].GetProperty("message").GetString());
    }

    [Theory]
    [Attack("A-47")]
    [Attack("A-49")]
    [MemberData(nameof(All))]
    public async Task Name_is_refused_wherever_a_name_is_asked_for(string payload)
    {
        var escaped = Uri.EscapeDataString(payload);
        HttpStatusCode[] refused = [HttpStatusCode.NotFound, HttpStatusCode.BadRequest];
        // As one part of the path; with a slash in it, it is another path, where there is nothing either.
        using var history = await shared.Ann.SendAsync(HttpMethod.Get, $"/api/chat/history/{escaped}/");
        using var publish = await shared.Ann.PublishAsync(escaped, "x");
        using var register = await shared.Server.Http.PostAsJsonAsync("/api/register/", new { username = payload, password = "12345678" });
        using var login = await shared.Server.Http.PostAsJsonAsync("/api/login/", new { username = payload, password = "' OR '1'='1" });
        using var file = await shared.Server.Http.GetAsync($"/{escaped}");

        if (payload is not ("CON" or "_"))
        {
            Assert.Contains(history.StatusCode, refused);
            Assert.Contains(publish.StatusCode, refused);
        }

        if (payload is not ("skald.db" or "skald.db-wal" or "CON" or "_"))
            Assert.Equal(HttpStatusCode.BadRequest, register.StatusCode);
        Assert.Contains(login.StatusCode, new[] { HttpStatusCode.Unauthorized, HttpStatusCode.BadRequest });
        Assert.Contains(file.StatusCode, refused);
        Assert.DoesNotContain(
            "Set-Cookie",
            $"{history.Headers}{publish.Headers}{register.Headers}{login.Headers}{file.Headers}",
            StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [Attack("A-36")]
    [Attack("A-39")]
    [InlineData("""{"username":"{name}","password":"12345678","isAdmin":true,"is_staff":true,"is_superuser":true,"role":"admin"}""")]
    [InlineData("""{"username":"{name}","password":"12345678","id":1,"created_at":0,"disabled_at":0,"password_hash":"x"}""")]
    public async Task Fields_that_nobody_asked_for_give_nothing(string body)
    {
        var name = $"mallory-{Guid.NewGuid():N}"[..20];
        using var content = new StringContent(
            body.Replace("{name}", name, StringComparison.Ordinal),
            new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        using var registered = await shared.Server.Http.PostAsync("/api/register/", content);
        Assert.Equal(HttpStatusCode.Created, registered.StatusCode);

        var mallory = await shared.Server.LoginAsync(name);
        using var me = await mallory.SendAsync(HttpMethod.Get, "/api/me/");
        var account = await me.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(
            ["created_at", "email", "id", "username"],
            account.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal));
        Assert.NotEqual(1, account.GetProperty("id").GetInt64());
    }

    [Theory]
    [Attack("A-5")]
    [InlineData("http://0.0.0.0:0", false, true)]
    [InlineData("http://0.0.0.0:0", true, false)]
    [InlineData("http://127.0.0.1:0", false, false)]
    public async Task Server_that_is_open_to_the_network_without_TLS_says_so_at_start(string urls, bool proxy, bool said)
    {
        (string, string)[] settings = proxy ? [("TrustedProxies:0", "10.0.0.1")] : [];
        await using var server = await SkaldServer.StartAsync([("Urls", urls), .. settings]);

        Assert.Equal(
            said,
            server.Log.Lines.Any(
                line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("without TLS", StringComparison.Ordinal)));
    }
}
