using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>What people see of messages and rooms at a glance, and of the rules before they break one.</summary>
public sealed partial class LooksTests(Chromium chromium) : BrowserTest(chromium)
{
    private const double ReadableContrast = 4.5;   // WCAG 2.2, 1.4.3, level AA

    [Fact]
    public async Task Code_keeps_its_leading_blanks_and_a_message_of_blank_lines_is_not_sent()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);

        await page.SayAsync("\n \n    if (x)\n        y();\n\n");
        await page.SayAsync(" \n ");
        await page.SayAsync("\u200b");
        await Expect(page.Part("composer-fault")).ToHaveTextAsync("A message needs some text that can be seen.");
        await page.SayAsync("end");

        await Expect(page.Messages).ToHaveCountAsync(2);
        Assert.Equal(["    if (x)\n        y();", "end"], await page.TextsAsync("[data-testid=message-text]"));
    }

    [Fact]
    public async Task Rooms_stand_in_the_order_of_their_last_words_which_are_shown()
    {
        var server = await StartServerAsync();
        var ben = await server.RegisterAsync("ben");
        var page = await OpenAsAsync("ann", server.Address);
        await page.AddRoomAsync("tech");
        await page.AddRoomAsync("tea");
        var names = page.Part("room-item-name");

        (await ben.PublishAsync("tech", "it\nworks")).EnsureSuccessStatusCode().Dispose();
        await Expect(names).ToHaveTextAsync(["tech", "global", "tea"]);
        (await ben.PublishAsync("tea", "is ready")).EnsureSuccessStatusCode().Dispose();
        await Expect(names).ToHaveTextAsync(["tea", "tech", "global"]);
        await Expect(page.Part("room-item-word")).ToHaveTextAsync(["ben: is ready", "ben: it works", ""]);

        var other = await OpenAsync(server.Address);
        await other.Page.EvaluateAsync("localStorage.setItem('skald.rooms', JSON.stringify(['quiet', 'tech', 'tea']))");
        await other.SignInAsync("ben");
        await Expect(other.Part("room-item-name").Nth(0)).ToHaveTextAsync("tea");
        await Expect(other.Part("room-item-name").Nth(1)).ToHaveTextAsync("tech");
    }

    [Fact]
    public async Task Stored_message_of_ones_own_is_marked_and_a_few_emoji_are_large()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);
        await page.SayAsync("words 👍");
        await page.SayAsync("👍🏽 👩‍💻🇮🇸");
        await page.ExpectMessagesAsync("words 👍", "👍🏽 👩‍💻🇮🇸");

        await Expect(page.Messages.GetByRole(AriaRole.Img, new() { Name = "Delivered" })).ToHaveCountAsync(2);
        var sizes = await page.Part("message-text")
            .EvaluateAllAsync<double[]>("all => all.map(one => parseFloat(getComputedStyle(one).fontSize))");
        Assert.Equal([16, 36], sizes);
    }

    [Fact]
    public async Task Day_of_what_is_in_view_stays_in_view_while_one_reads_back()
    {
        var server = await StartServerAsync();
        var ben = await server.RegisterAsync("ben");
        for (var line = 1; line <= 60; line++)
            (await ben.PublishAsync("global", $"line {line}")).EnsureSuccessStatusCode().Dispose();
        var page = await OpenAsAsync("ann", server.Address);
        await Expect(page.Page.Locator("[data-seq='60']")).ToBeInViewportAsync();

        var day = page.Page.Locator(".day");
        await Expect(day).ToHaveTextAsync("Today");
        await Expect(day).ToBeInViewportAsync();
        Assert.False(await page.Page.Locator("[data-seq='11']").EvaluateAsync<bool>("one => one.getBoundingClientRect().bottom > 0"));
    }

    [Theory]
    [InlineData(1280)]
    [InlineData(2560)]
    public async Task One_column_holds_the_messages_and_what_is_written(int width)
    {
        var server = await StartServerAsync();
        var page = await OpenAsync(server.Address, width, height: 900);
        await page.RegisterAsync("ann");
        await page.SayAsync(string.Concat(Enumerable.Repeat("many words ", 60)));
        await Expect(page.Page.Locator("[data-seq]")).ToHaveCountAsync(1);
        await Expect(page.Unsent).ToHaveCountAsync(0);

        var message = (await page.Messages.BoundingBoxAsync())!;
        var composer = (await page.Part("composer").BoundingBoxAsync())!;
        Assert.Equal(composer.X, message.X, 1.0);
        Assert.InRange(message.Width, 600, 820);
        var text = (await page.Part("message-text").BoundingBoxAsync())!;
        Assert.True(text.X - message.X < 60 && text.Width > message.Width * 0.85);
    }

    [Fact]
    public async Task Wash_of_an_own_message_lies_under_the_text_on_the_side_that_its_script_begins_at()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);
        await page.SayAsync("left");
        await page.SayAsync("שלום");
        await Expect(page.Messages).ToHaveCountAsync(2);

        var staves = await page.Part("message-text").EvaluateAllAsync<string[]>(
            "all => all.map(getComputedStyle).map(style => style.borderLeftWidth + ' ' + style.borderRightWidth + ' ' + style.backgroundImage)");
        Assert.Equal(["2px 0px none", "0px 2px none"], staves);
    }

    [Fact]
    public async Task Rules_are_told_before_the_mistake_and_a_password_can_be_seen()
    {
        var server = await StartServerAsync();
        var page = await OpenAsync(server.Address);
        await Expect(page.Page.Locator("#password-rule")).ToBeHiddenAsync();
        await page.Part("mode-switch").ClickAsync();
        await Expect(page.Page.Locator("#password-rule")).ToHaveTextAsync("8 characters or more. A few words in a row are best.");
        await Expect(page.Page.Locator("#password-rule")).ToBeVisibleAsync();

        await page.Part("password").FillAsync("short");
        await page.Part("reveal").ClickAsync();
        await Expect(page.Part("password")).ToHaveAttributeAsync("type", "text");
        await page.EnterAsync("register", "not a name", "short");

        await Expect(page.Page.Locator(".fault:visible")).ToHaveTextAsync(
            ["Use letters, digits and . _ - + @ only, 150 at most.", "Use at least 8 characters."]);
        await Expect(page.Part("form-error")).ToBeHiddenAsync();
        await Expect(page.Part("password")).ToHaveAttributeAsync("type", "password");
    }

    [Fact]
    public async Task Counter_says_in_words_what_is_left_and_what_is_too_much()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);
        const int limit = 4_000;

        await page.Part("composer").FillAsync(new string('x', limit - 1));
        await Expect(page.Part("composer-count")).ToHaveTextAsync("1 character left");
        await page.Part("composer").FillAsync(new string('x', limit + 100));
        await Expect(page.Part("composer-count")).ToHaveTextAsync("100 characters too many");
    }

    [Fact]
    public async Task Connection_tells_its_story_to_whom_asks()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);
        await Expect(page.Part("connection-word")).ToHaveTextAsync("Connected");
        await Expect(page.Part("connection-detail")).ToBeHiddenAsync();

        await page.Part("connection").PressAsync("Enter");

        await Expect(page.Part("connection-detail")).ToContainTextAsync($"Connected to {server.Address.Authority} since");
        await Expect(page.Part("connection-detail")).ToContainTextAsync("Everything you wrote is stored");
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page.Part("connection-detail")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Names_of_speakers_are_readable_on_the_ground_and_on_their_discs_light_and_dark()
    {
        var server = await StartServerAsync();
        var style = await server.Http.GetStringAsync("/style.css");
        var grounds = Values("ground", style);
        for (var speaker = 0; speaker < 8; speaker++)
        {
            var colours = Values($"speaker-{speaker}", style);
            Assert.Equal(2, colours.Length);
            foreach (var (colour, ground) in colours.Zip(grounds))
            {
                Assert.True(Contrast(colour, ground) >= ReadableContrast, $"speaker {speaker} on the ground");
                Assert.True(Contrast(colour, Mix(colour, ground, 0.13)) >= ReadableContrast, $"speaker {speaker} on the disc");
            }
        }
    }

    /// <summary>A colour of the page: the light one first, then the dark one.</summary>
    private static double[][] Values(string name, string style) =>
        [.. Colour().Matches(style).Where(match => string.Equals(match.Groups[1].Value, name, StringComparison.Ordinal))
            .Select(match => Convert.FromHexString(match.Groups[2].Value).Select(part => part / 255.0).ToArray())];

    private static double[] Mix(double[] colour, double[] ground, double part) =>
        [.. colour.Zip(ground, (c, g) => (c * part) + (g * (1 - part)))];

    private static double Contrast(double[] a, double[] b)
    {
        var (x, y) = (Luminance(a), Luminance(b));
        return (Math.Max(x, y) + 0.05) / (Math.Min(x, y) + 0.05);
    }

    private static double Luminance(double[] colour)
    {
        var linear = colour.Select(part => part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4)).ToArray();
        return (0.2126 * linear[0]) + (0.7152 * linear[1]) + (0.0722 * linear[2]);
    }

    [GeneratedRegex(@"--([a-z0-9-]+): #([0-9a-f]{6});", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Colour();
}
