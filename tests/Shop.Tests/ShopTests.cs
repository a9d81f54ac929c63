using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Shop.Tests;

/// <summary>
/// The shop is tested as its makers would test it: with <c>WebApplicationFactory&lt;Program&gt;</c>, as docs/hosting.md says.
/// </summary>
public sealed class ShopTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // Beside the test program: a temporary directory may lie in memory, which the server refuses.
    private readonly string _data =
        Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "test-data", Path.GetRandomFileName())).FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task Chat_answers_on_the_test_server()
    {
        await using var factory = Factory();
        using var http = factory.CreateClient();

        var access = await SignInAsync(http);
        using var sent = await http.PostAsJsonAsync("/chat/api/rooms/global/messages/", new { message = "hello" });
        var history = await http.GetFromJsonAsync<JsonElement>("/chat/api/chat/history/global/");
        using var tooLarge = await http.PostAsync(
            "/chat/api/rooms/global/messages/",
            new StringContent(new string(' ', 20_000_000), Encoding.UTF8, "application/json"));
        using var page = await http.GetAsync("/chat/");

        Assert.NotEmpty(access);
        Assert.Equal(HttpStatusCode.Created, sent.StatusCode);
        Assert.Equal("hello", history[0].GetProperty("message").GetString());
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }

    [Fact]
    public async Task Socket_opens_on_a_port()
    {
        await using var factory = Factory();
        factory.UseKestrel(0);
        factory.StartServer();
        using var http = factory.CreateClient();
        var access = await SignInAsync(http);
        using var patience = new CancellationTokenSource(Patience);
        using var socket = new ClientWebSocket();

        await socket.ConnectAsync(new Uri($"ws://{http.BaseAddress!.Authority}/chat/ws/?token={access}"), patience.Token);

        var buffer = new byte[4_096];
        var frame = await socket.ReceiveAsync(buffer, patience.Token);
        Assert.Contains("\"ready\"", Encoding.UTF8.GetString(buffer, 0, frame.Count), StringComparison.Ordinal);
    }

    private static async Task<string> SignInAsync(HttpClient http)
    {
        var ann = new { username = "ann", password = "12345678" };
        using var registered = await http.PostAsJsonAsync("/chat/api/register/", ann);
        registered.EnsureSuccessStatusCode();
        using var login = await http.PostAsJsonAsync("/chat/api/login/", ann);
        var access = (await login.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access").GetString()!;
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", access);
        return access;
    }

    private WebApplicationFactory<Program> Factory() =>
        new WebApplicationFactory<Program>().WithWebHostBuilder(host => host.UseSetting("Data", _data));
}
