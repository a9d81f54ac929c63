using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Playwright;
using Skald.Tests.Harness;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>Tokens live in the page's memory and nowhere else.</summary>
public sealed class SecretsTests(Chromium chromium) : BrowserTest(chromium)
{
    [Fact]
    [Attack("A-45")]
    public async Task No_storage_no_cookie_and_no_address_holds_a_token()
    {
        var server = await StartServerAsync();
        await server.RegisterAsync("ann");
        var page = await OpenAsync(server.Address);
        var addresses = new ConcurrentQueue<string>();
        page.Page.Request += (_, request) => addresses.Enqueue(request.Url);
        page.Page.WebSocket += (_, socket) => addresses.Enqueue(socket.Url);

        var login = await page.Page.RunAndWaitForResponseAsync(() => page.SignInAsync("ann"), "**/api/login/");
        var tokens = (await login.JsonAsync<JsonElement>())!;
        await page.AddRoomAsync("tech");
        await page.SayAsync("Good morning");
        await page.ExpectMessagesAsync("Good morning");
        addresses.Enqueue(page.Page.Url);

        var kept = await KeptAsync(page.Page);
        Assert.Contains("tech", kept, StringComparison.Ordinal);
        Assert.Contains(addresses, address => address.EndsWith("/ws/", StringComparison.Ordinal));
        foreach (var name in new[] { "access", "refresh" })
        {
            var token = tokens.GetProperty(name).GetString()!;
            Assert.DoesNotContain(token, kept, StringComparison.Ordinal);
            Assert.DoesNotContain(addresses, address => address.Contains(token, StringComparison.Ordinal));
            Assert.DoesNotContain(server.Log.Lines, line => line.Contains(token, StringComparison.Ordinal));
        }

        await page.Page.ReloadAsync();
        await page.ExpectSignedOutAsync();
        await Expect(page.Part("username")).ToHaveValueAsync("ann");
        await Expect(page.Part("password")).ToHaveValueAsync("");
    }

    /// <summary>Everything that outlives the page: cookies, local storage, databases and caches, and what the tab itself keeps.</summary>
    private static async Task<string> KeptAsync(IPage page)
    {
        var profile = await page.Context.StorageStateAsync(new BrowserContextStorageStateOptions { IndexedDB = true });
        var tab = await page.EvaluateAsync<string>(
            """
            async () => JSON.stringify([
              { ...sessionStorage }, { ...localStorage }, document.cookie, location.href, history.state, window.name,
              await indexedDB.databases(), await caches.keys(),
            ])
            """);
        return profile + tab;
    }
}
