using System.Text.RegularExpressions;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>
/// The page where things are not as it would like: below a path, past a proxy that knows no WebSockets, without TLS, in an old browser.
/// </summary>
public sealed class BehindProxiesTests(Chromium chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task Page_works_below_a_path_and_keeps_apart_from_a_Skald_below_another()
    {
        var server = await StartServerAsync(("TrustedProxies", "127.0.0.1"));
        var proxy = Keep(new Network(server.Address, new Proxy("/chat/", SaysPath: true)));

        var page = await OpenAsync(proxy.Address);
        await Expect(page.Part("sign-in-kept")).ToContainTextAsync("You stay signed in");
        await page.RegisterAsync("ann");
        await page.SayAsync("from below a path");
        await page.ExpectMessagesAsync("from below a path");
        await page.Page.ReloadAsync();
        await page.ExpectStateAsync("ready");
        Assert.Equal("/chat/api/token/refresh", Assert.Single(await page.Page.Context.CookiesAsync()).Path);
        await page.AddRoomAsync("tech");

        await Expect(page.Page).ToHaveURLAsync(new Uri(proxy.Address, "#/rooms/tech").ToString());
        await Expect(page.Page.Locator("link[rel=icon]")).ToHaveJSPropertyAsync("href", new Uri(proxy.Address, "favicon.svg").ToString());
        Assert.Equal(
            ["skald/chat/rooms", "skald/chat/signed-in", "skald/chat/username"],
            await page.Page.EvaluateAsync<string[]>("Object.keys(localStorage).sort()"));
        Assert.Empty(page.Faults.ConsoleErrors);
    }

    /// <remarks>
    /// The server then takes itself for one at the root, and the browser would never send its cookie to the path where it is.
    /// </remarks>
    [Fact]
    public async Task Below_a_path_that_the_proxy_does_not_say_nobody_is_promised_to_stay_signed_in()
    {
        var server = await StartServerAsync();
        var proxy = Keep(new Network(server.Address, new Proxy("/chat/")));

        var page = await OpenAsync(proxy.Address);
        await Expect(page.Part("mode-switch")).ToBeVisibleAsync();
        await Expect(page.Part("sign-in-kept")).ToBeHiddenAsync();
        await page.RegisterAsync("ann");
        await page.SayAsync("one");
        await page.ExpectMessagesAsync("one");

        Assert.Empty(await page.Page.Context.CookiesAsync());
        await page.Page.ReloadAsync();
        await page.ExpectSignedOutAsync();
        Assert.Empty(page.Faults.ConsoleErrors);
    }

    [Fact]
    public async Task Where_no_socket_can_be_opened_history_shows_and_the_page_says_why_nothing_is_sent()
    {
        var server = await StartServerAsync();
        var ben = await server.RegisterAsync("ben");
        (await ben.PublishAsync("global", "said before")).EnsureSuccessStatusCode().Dispose();
        await server.RegisterAsync("ann");
        var proxy = Keep(new Network(server.Address, new Proxy(PassesUpgrades: false)));

        var page = await OpenAsync(proxy.Address);
        await page.EnterAsync("sign-in", "ann");

        await page.ExpectMessagesAsync("said before");
        await Expect(page.Page.Locator("#banner-text")).ToContainTextAsync("does not let WebSockets through");
        await page.SayAsync("waits");
        await Expect(page.Unsent).ToHaveCountAsync(1);
        await Expect(page.Unsent.GetByTestId("delivery")).ToHaveTextAsync("waiting");
    }

    [Theory]
    [InlineData("it has no :has", "CSS.supports = () => false", null)]
    [InlineData("it has no dialogs", "delete HTMLDialogElement.prototype.showModal", null)]
    [InlineData("it cannot read the page's modules", "void 0", "class Chat { syntax of later days }")]
    public async Task Browser_that_is_too_old_is_told_so_instead_of_an_empty_page(string why, string init, string? module)
    {
        var server = await StartServerAsync();
        var page = await OpenAsync(server.Address);
        await Expect(page.Part("sign-in")).ToBeVisibleAsync();
        await Expect(page.Part("too-old")).ToBeHiddenAsync();

        await page.Page.AddInitScriptAsync(init);
        if (module is not null)
            await page.Page.RouteAsync(
                "**/app/chat.js",
                route => route.FulfillAsync(new() { ContentType = "text/javascript", Body = module }));
        await page.Page.ReloadAsync();

        await Expect(page.Part("too-old")).ToContainTextAsync("Firefox 121", new() { Timeout = 10_000 });
        Assert.True(module is null ? page.Faults.ConsoleErrors.Count == 0 : page.Faults.Take().Count > 0, why);
    }

    [Fact]
    public async Task Send_that_fails_for_whatever_reason_is_told_where_one_writes()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);

        // As in a browser that has none of what an id is made of.
        await page.Page.EvaluateAsync("() => { crypto.randomUUID = crypto.getRandomValues = () => { throw new TypeError('not here'); }; }");
        await page.SayAsync("does not go");

        await Expect(page.Part("composer-fault")).ToHaveTextAsync(new Regex("Reload"));
        await Expect(page.Part("composer")).ToHaveValueAsync("does not go");
    }

    [Fact]
    public async Task Plain_http_on_a_name_of_the_network_is_no_secure_context_and_the_page_works_there()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", new UriBuilder(server.Address) { Host = Chromium.InsecureHost }.Uri);
        Assert.False(await page.Page.EvaluateAsync<bool>("isSecureContext"));

        await page.SayAsync("sent");
        await page.ExpectMessagesAsync("sent");
        await page.Part("when").ClickAsync();

        await Expect(page.Part("notice-text")).ToHaveTextAsync("The link stands in the browser’s address bar.");
        await Expect(page.Page).ToHaveURLAsync(new Regex("#/rooms/global/1$"));
    }
}
