using System.Text.Json;
using Microsoft.Playwright;
using Skald.Tests.Harness;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>Nothing that people write becomes markup: it is text, and web addresses in it are links.</summary>
public sealed class MarkupTests(Chromium chromium) : BrowserTest(chromium)
{
    private const string Attack = "<img src=x onerror=alert(1)>";

    private static readonly string[] Attacks =
    [
        "<script>alert(1)</script>",
        "</p></article><script>alert(1)</script>",
        Attack,
        "<svg onload=alert(1)>",
        "<svg><script>alert&#40;1&#41;</script></svg>",
        "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
        "<iframe src=javascript:alert(1)>",
        "<details open ontoggle=alert(1)>",
        "<input autofocus onfocus=alert(1)>",
        "<video><source onerror=alert(1)></video>",
        "<style>@import 'javascript:alert(1)'; * { display: none }</style>",
        "<base href=//example.com/><meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
        "<form action=javascript:alert(1)><button>Send</button></form>",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        "<template><img src=x onerror=alert(1)></template><noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<a href=\"javascript:alert(1)\">here</a>",
        "javascript:alert(1)",
        "JaVaScRiPt://example.com/%0Aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1) file:///etc/passwd ftp://example.com/ //example.com/",
        "https://example.com/\"onmouseover=\"alert(1)",
        "https://example.com/'><img/src/onerror=alert(1)>",
        "http://javascript:alert(1)@example.com/",
        "https://example.com@evil.example/",
        "http:javascript:alert(1)",
        "&lt;script&gt;alert(1)&lt;/script&gt; &#x3c;script>",
        "\"'`><img src=x onerror=alert(1)>{{constructor.constructor('alert(1)')()}}${alert(1)}",
        "[x](javascript:alert(1)) ![x](x\"onerror=\"alert(1))",
        "<scr\u200Bipt>alert(1)</script>",
        "\u202Etpircs<\u202C two\nlines <br>",
        "HTTPS://EXAMPLE.COM/a?b=<i>c</i>&d=%3Cscript%3E#<b>",
    ];

    [Fact]
    [Attack("A-43")]
    public async Task Attacks_in_messages_stay_text_as_they_come_and_in_history()
    {
        var server = await StartServerAsync();
        var ann = await OpenAsAsync("__proto__", server.Address);
        foreach (var attack in Attacks)
            await ann.SayAsync(attack);
        await Expect(ann.Messages).ToHaveCountAsync(Attacks.Length);
        await Expect(ann.Unsent).ToHaveCountAsync(0);
        await AssertTextAsync(ann);

        var ben = await OpenAsAsync("constructor", server.Address);
        await Expect(ben.Messages).ToHaveCountAsync(Attacks.Length);
        await AssertTextAsync(ben);

        Assert.Empty(ann.Faults.ConsoleErrors);
        Assert.Empty(ben.Faults.ConsoleErrors);
    }

    [Fact]
    public async Task Names_with_markup_are_refused_and_the_refusal_is_text()
    {
        var server = await StartServerAsync();
        var page = await OpenAsync(server.Address);
        await page.Part("mode-switch").ClickAsync();
        await page.EnterAsync("register", Attack);
        await Expect(page.Part("username")).ToHaveAttributeAsync("aria-invalid", "true");
        await page.EnterAsync("register", "javascript.alert-1");
        await page.ExpectStateAsync("ready");

        await page.AddRoomAsync(Attack);
        await Expect(page.Page.Locator("#add-room-fault")).ToBeVisibleAsync();
        foreach (var room in new[] { "__proto__", "constructor", "javascript" })
        {
            await page.AddRoomAsync(room);
            await page.SayAsync($"in {room}");
            await page.ExpectMessagesAsync($"in {room}");
        }

        await Expect(page.Part("room-item-name")).ToHaveTextAsync(["javascript", "constructor", "__proto__", "global"]);
        await AssertNothingForeignAsync(page);
    }

    [Fact]
    [Attack("A-46")]
    public async Task Names_with_markup_stay_text_even_where_server_and_storage_break_the_rules()
    {
        var server = await StartServerAsync();
        await server.RegisterAsync("ann");
        var page = await OpenAsync(server.Address);
        await page.Page.RouteAsync("**/api/chat/history/**", route => route.FulfillAsync(new RouteFulfillOptions
        {
            ContentType = "application/json",
            Body = JsonSerializer.Serialize(Attacks.Select((attack, i) =>
                new
                {
                    type = "chat_message",
                    room = "global",
                    seq = i + 1,
                    username = attack,
                    message = attack,
                    timestamp = "2026-02-21T16:46:02Z",
                })),
        }));
        await page.Page.EvaluateAsync("rooms => localStorage.setItem('skald.rooms', JSON.stringify(rooms))", Attacks);

        await page.SignInAsync("ann");

        await Expect(page.Messages).ToHaveCountAsync(Attacks.Length);
        await AssertTextAsync(page);
        Assert.Equal(Attacks, await page.TextsAsync(".author"));
        var rooms = await page.TextsAsync(".room-item-name");
        Assert.Equal(["global", .. Attacks], rooms);
    }

    [Fact]
    [Attack("A-44")]
    public async Task Web_addresses_become_links_that_show_where_they_lead()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);

        await page.SayAsync(
            "See https://example.com/a(b)?c=d#e, or (http://example.org). And https://еxample.com/login, not https://example.com@example.org/.");

        var links = page.Part("message-text").GetByRole(AriaRole.Link);
        await Expect(links).ToHaveTextAsync(["https://example.com/a(b)?c=d#e", "http://example.org", "https://xn--xample-2of.com/login"]);
        await Expect(links.First).ToHaveAttributeAsync("href", "https://example.com/a(b)?c=d#e");
        await AssertNothingForeignAsync(page);

        await page.SayAsync("Or www.example.org/x, ann+chat@mail.example.org. Not www., a@b, https://bob@example.com/ or xwww.example.com");
        await Expect(page.Part("message-text").Last.GetByRole(AriaRole.Link))
            .ToHaveTextAsync(["www.example.org/x", "ann+chat@mail.example.org"]);
        Assert.Equal(
            ["https://www.example.org/x", "mailto:ann+chat@mail.example.org"],
            await page.Part("message-text").Last.Locator("a").EvaluateAllAsync<string[]>("all => all.map(one => one.href)"));
    }

    [Fact]
    [Attack("A-43")]
    public async Task What_the_pages_policy_forbids_does_not_run_and_is_noticed_here()
    {
        var server = await StartServerAsync();
        var page = await OpenAsync(server.Address);

        await Assert.ThrowsAsync<PlaywrightException>(() => page.Page.EvaluateAsync($"document.body.innerHTML = '{Attack}'"));
        await Assert.ThrowsAsync<PlaywrightException>(() => page.Page.EvaluateAsync("document.createElement('script').text = 'alert(1)'"));
        await page.Page.EvaluateAsync(
            "document.body.append(Object.assign(document.createElement('img'), { src: 'https://example.com/x.png' }))");

        const string image = $"{PageFaults.Violation}img-src";
        await Deadline.UntilAsync(() => page.Faults.ConsoleErrors.Any(error => error.StartsWith(image, StringComparison.Ordinal)), image);
        var faults = page.Faults.Take();
        Assert.Equal(
            2,
            faults.Count(fault => fault.StartsWith($"{PageFaults.Violation}require-trusted-types-for", StringComparison.Ordinal)));
        Assert.Contains(faults, fault => fault.StartsWith(image, StringComparison.Ordinal));
        Assert.DoesNotContain(faults, fault => fault.StartsWith("Dialog", StringComparison.Ordinal));
    }

    /// <summary>Every attack stands there letter by letter.</summary>
    private static async Task AssertTextAsync(ChatPage page)
    {
        Assert.Equal(Attacks, await page.TextsAsync("[data-testid=message-text]"));
        await AssertNothingForeignAsync(page);
    }

    /// <summary>In messages and names is nothing but text and safe links, and in the page nothing that it did not bring along.</summary>
    private static async Task AssertNothingForeignAsync(ChatPage page)
    {
        const string foreign =
            "[data-testid=message-text] :not(a), .author *, .room-item-name *, .room-item-word *, .avatar *, .fault *, " +
            "script:not([src='app/main.js']):not([src='app/browser.js'])";
        Assert.Empty(await page.Page.Locator(foreign).EvaluateAllAsync<string[]>("all => all.map(one => one.outerHTML)"));
        var links = await page.Page.Locator("[data-testid=message-text] a").EvaluateAllAsync<string[]>(
            "all => all.map(a => [a.href, a.target, a.rel, a.getAttributeNames().length].join(' '))");
        Assert.All(links, link => Assert.Matches("^(https?://|mailto:)[^ ]+ _blank noopener noreferrer nofollow 3$", link));
    }
}
