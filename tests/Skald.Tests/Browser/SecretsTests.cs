using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Playwright;
using Skald.Tests.Harness;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>
/// The access token lives in the page's memory, the refresh token in a cookie that no script can read, and neither anywhere else.
/// </summary>
public sealed class SecretsTests(Chromium chromium) : BrowserTest(chromium)
{
    [Fact]
    [Attack("A-45")]
    public async Task No_storage_that_scripts_read_and_no_address_holds_a_token()
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
        Assert.False(tokens.TryGetProperty("refresh", out _));
        var cookie = Assert.Single(await page.Page.Context.CookiesAsync());
        Assert.True(cookie.HttpOnly);
        Assert.Equal(SameSiteAttribute.Strict, cookie.SameSite);
        foreach (var token in new[] { tokens.GetProperty("access").GetString()!, cookie.Value })
        {
            Assert.DoesNotContain(token, kept, StringComparison.Ordinal);
            Assert.DoesNotContain(addresses, address => address.Contains(token, StringComparison.Ordinal));
            Assert.DoesNotContain(server.Log.Lines, line => line.Contains(token, StringComparison.Ordinal));
        }

        await page.Page.RunAndWaitForResponseAsync(() => page.Part("sign-out").ClickAsync(), "**/api/logout/");
        await page.ExpectSignedOutAsync();
        await Expect(page.Part("username")).ToHaveValueAsync("ann");
        await Expect(page.Part("password")).ToHaveValueAsync("");
        Assert.Empty(await page.Page.Context.CookiesAsync());
    }

    [Fact]
    public async Task Who_is_signed_in_stays_so_after_a_reload_and_who_signed_out_does_not()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);
        await page.AddRoomAsync("tech");
        await page.SayAsync("before");
        await page.ExpectMessagesAsync("before");

        await page.Page.ReloadAsync();
        await page.ExpectStateAsync("ready");
        await Expect(page.Page.Locator("#self-name")).ToHaveTextAsync("ann");
        await Expect(page.Page.Locator("#room-name")).ToHaveTextAsync("tech");
        await page.SayAsync("after");
        await page.ExpectMessagesAsync("before", "after");

        await page.Page.RunAndWaitForResponseAsync(() => page.Part("sign-out").ClickAsync(), "**/api/logout/");
        await page.Page.ReloadAsync();
        await page.ExpectSignedOutAsync();
        Assert.Empty(page.Faults.ConsoleErrors);
    }

    [Fact]
    public async Task Server_is_not_asked_for_a_session_where_nobody_was_signed_in_and_once_where_it_has_ended()
    {
        var server = await StartServerAsync();
        await server.RegisterAsync("ann");
        var page = await OpenAsync(server.Address);
        await page.ExpectSignedOutAsync();
        await Expect(page.Part("mode-switch")).ToBeVisibleAsync();
        Assert.Empty(page.Faults.ConsoleErrors);

        await page.SignInAsync("ann");
        await page.Page.Context.ClearCookiesAsync();
        await page.Page.ReloadAsync();
        await page.ExpectSignedOutAsync();
        await Expect(page.Part("mode-switch")).ToBeVisibleAsync();
        Assert.Contains("401", Assert.Single(page.Faults.ConsoleErrors), StringComparison.Ordinal);
        await page.Page.ReloadAsync();
        await page.ExpectSignedOutAsync();
        await Expect(page.Part("mode-switch")).ToBeVisibleAsync();
        Assert.Single(page.Faults.ConsoleErrors);
    }

    /// <summary>
    /// What of that which outlives the page its scripts can read: local storage, databases and caches, and what the tab itself keeps.
    /// </summary>
    private static async Task<string> KeptAsync(IPage page)
    {
        var profile = JsonElement.Parse(await page.Context.StorageStateAsync(new BrowserContextStorageStateOptions { IndexedDB = true }));
        var tab = await page.EvaluateAsync<string>(
            """
            async () => JSON.stringify([
              { ...sessionStorage }, { ...localStorage }, document.cookie, location.href, history.state, window.name,
              await indexedDB.databases(), await caches.keys(),
            ])
            """);
        return profile.GetProperty("origins").GetRawText() + tab;
    }
}
