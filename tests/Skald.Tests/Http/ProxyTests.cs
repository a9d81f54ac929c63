using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Skald.Tests.Harness;

namespace Skald.Tests.Http;

/// <summary>The configurations of docs/proxies.md do what they are there for, and each line of them that it calls needed is.</summary>
public sealed class ProxyTests
{
    public static TheoryData<string, bool> Everywhere { get; } = new()
    {
        { ReverseProxy.Nginx, false }, { ReverseProxy.Nginx, true }, { ReverseProxy.Haproxy, false }, { ReverseProxy.Haproxy, true },
    };

    [Theory]
    [MemberData(nameof(Everywhere))]
    public async Task Accounts_sockets_and_history_go_through_the_proxy_of_the_docs(string program, bool underPath)
    {
        await using var server = await StartAsync();
        await using var proxy = await ReverseProxy.StartAsync(program, server.Address, underPath);
        var root = new Uri(proxy.Address, underPath ? "/chat/" : "/");

        using var registered = await proxy.Http.PostAsJsonAsync(
            new Uri(root, "api/register/"),
            new { username = "ann", password = "12345678" });
        Assert.Equal(HttpStatusCode.Created, registered.StatusCode);
        Assert.Equal(HttpVersion.Version20, registered.Version);
        using var login = await proxy.Http.PostAsJsonAsync(new Uri(root, "api/login/"), new { username = "ann", password = "12345678" });
        var token = (await login.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access").GetString()!;

        // As a browser does: from the page's own origin.
        await using var socket = await OpenSocketAsync(root, token);
        await socket.ExpectAsync("ready");
        await socket.JoinAsync("global");
        for (var n = 1; n <= 3; n++)
            await socket.SayAsync("global", $"{n}");
        await socket.ReceiveMessagesAsync(3);

        // The addresses in the answers stay below the path.
        var newest = new Uri(root, "api/chat/history/global/?limit=1");
        var (page, earlier) = await ReadAsync(proxy, newest, token);
        Assert.Equal("3", page);
        (page, earlier) = await ReadAsync(proxy, new Uri(newest, earlier), token);
        Assert.Equal("2", page);
        Assert.StartsWith($"{root}api/chat/history/", new Uri(newest, earlier).AbsoluteUri, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public async Task Session_that_is_kept_in_a_cookie_is_there_again_behind_the_proxy_of_the_docs(string program, bool underPath)
    {
        await using var server = await StartAsync();
        await server.RegisterAsync("ann");
        await using var proxy = await ReverseProxy.StartAsync(program, server.Address, underPath);
        var root = new Uri(proxy.Address, underPath ? "/chat/" : "/");
        proxy.Http.DefaultRequestHeaders.Add("Origin", proxy.Address.GetLeftPart(UriPartial.Authority));

        using var login = await proxy.Http.PostAsJsonAsync(
            new Uri(root, "api/login/"),
            new { username = "ann", password = "12345678", keep = "cookie" });
        using var refresh = await proxy.Http.PostAsJsonAsync(new Uri(root, "api/token/refresh/"), new { keep = "cookie" });

        Assert.Equal(HttpStatusCode.OK, login.StatusCode);
        Assert.Equal(HttpStatusCode.OK, refresh.StatusCode);
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public async Task Page_and_API_docs_find_their_files_behind_the_proxy_of_the_docs(string program, bool underPath)
    {
        await using var server = await StartAsync();
        await using var proxy = await ReverseProxy.StartAsync(program, server.Address, underPath);
        var root = new Uri(proxy.Address, underPath ? "/chat/" : "/");

        var html = await proxy.Http.GetStringAsync(root);
        var files = Regex.Matches(html, "(?:src|href)=\"([^\"#:]+)\"").Select(match => new Uri(root, match.Groups[1].Value)).ToArray();
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            using var answer = await proxy.Http.GetAsync(file);
            Assert.True(
                answer.StatusCode == HttpStatusCode.OK && file.AbsoluteUri.StartsWith(root.AbsoluteUri, StringComparison.Ordinal),
                $"{file}: {answer.StatusCode}");
        }

        var document = await proxy.Http.GetFromJsonAsync<JsonElement>(new Uri(root, "openapi/v1.json"));
        var servedAt = new Uri(new Uri(root, "openapi/v1.json"), document.GetProperty("servers")[0].GetProperty("url").GetString());
        Assert.Equal(root, servedAt);
        Assert.Contains(
            "\"../openapi/v1.json\"",
            await proxy.Http.GetStringAsync(new Uri(root, "docs/index.js")),
            StringComparison.Ordinal);

        if (underPath)
        {
            using var bare = await proxy.Http.GetAsync("/chat");
            Assert.Equal(root, new Uri(proxy.Address, bare.Headers.Location!));
        }
    }

    [Theory]
    [InlineData(ReverseProxy.Nginx, "proxy_set_header Host ", HttpStatusCode.Forbidden)]
    [InlineData(ReverseProxy.Nginx, "X-Forwarded-Proto", HttpStatusCode.Forbidden)]
    [InlineData(ReverseProxy.Nginx, "Upgrade", HttpStatusCode.UpgradeRequired)]
    [InlineData(ReverseProxy.Haproxy, "X-Forwarded-Proto", HttpStatusCode.Forbidden)]
    public async Task Without_a_line_that_the_docs_call_needed_a_browser_gets_no_socket(string program, string line, HttpStatusCode status)
    {
        await using var server = await StartAsync();
        var ann = await server.RegisterAsync("ann");
        await using var proxy = await ReverseProxy.StartAsync(program, server.Address, underPath: false, without: line);
        using var socket = Socket(proxy.Address);

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(SocketAddress(proxy.Address, ann.Access), Deadline.Token()));

        Assert.Equal(status, socket.HttpStatusCode);
    }

    [Theory]
    [InlineData(ReverseProxy.Nginx, "X-Forwarded-For")]
    [InlineData(ReverseProxy.Haproxy, "option forwardfor")]
    public async Task Limits_count_the_client_only_where_the_proxy_names_it(string program, string line)
    {
        await using var server = await StartAsync(
            ("Limits:Enabled", "true"),
            ("Limits:RegisterBurst", "2"),
            ("Limits:RegistersPerAddressPerSecond", "0.001"));

        Assert.Equal("201 201 201", await RegisterFromAsync(without: null, "10.1"));
        Assert.Equal("201 201 429", await RegisterFromAsync(without: line, "10.2"));

        async Task<string> RegisterFromAsync(string? without, string net)
        {
            await using var proxy = await ReverseProxy.StartAsync(program, server.Address, underPath: false, without);
            var statuses = new List<int>();
            for (var n = 0; n < 3; n++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/api/register/")
                {
                    Content = JsonContent.Create(new { username = $"user-{net}-{n}", password = "12345678" }),
                };
                // A second proxy on this machine, in front of this one, would say so.
                if (without is null)
                    request.Headers.Add("X-Forwarded-For", $"{net}.0.{n}");
                using var answer = await proxy.Http.SendAsync(request);
                statuses.Add((int)answer.StatusCode);
            }

            return string.Join(' ', statuses);
        }
    }

    private static Task<SkaldServer> StartAsync(params (string Key, string Value)[] settings) =>
        SkaldServer.StartAsync([("TrustedProxies", "127.0.0.1"), .. settings]);

    private static async Task<(string Message, string Earlier)> ReadAsync(ReverseProxy proxy, Uri address, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address)
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
        };
        using var answer = await proxy.Http.SendAsync(request);
        var page = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        var link = answer.Headers.TryGetValues("Link", out var links)
            ? Regex.Match(string.Join(',', links), "<([^>]+)>; rel=\"prev\"").Groups[1].Value
            : "";
        return (Assert.Single(page.EnumerateArray()).GetProperty("message").GetString()!, link);
    }

    private static Uri SocketAddress(Uri root, string token) => new UriBuilder(new Uri(root, $"ws/?token={token}")) { Scheme = "wss" }.Uri;

    private static Task<ChatSocket> OpenSocketAsync(Uri root, string token) =>
        ChatSocket.OpenAsync(SocketAddress(root, token), ("Origin", root.GetLeftPart(UriPartial.Authority)));

    private static ClientWebSocket Socket(Uri root)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", root.GetLeftPart(UriPartial.Authority));
        socket.Options.RemoteCertificateValidationCallback = TestCertificate.Accept;
        socket.Options.CollectHttpResponseDetails = true;
        return socket;
    }
}
