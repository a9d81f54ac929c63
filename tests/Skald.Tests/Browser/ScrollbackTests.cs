using Microsoft.Playwright;
using Skald.Tests.Harness;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>Reading back: earlier pages come as one scrolls up.</summary>
public sealed class ScrollbackTests(Chromium chromium) : BrowserTest(chromium)
{
    private const int Count = 250;

    [Fact]
    public async Task Scrolling_up_brings_every_earlier_message_once_and_in_order()
    {
        var server = await StartServerAsync();
        await TellAsync(await server.RegisterAsync("ann"));
        var page = await OpenAsAsync("ben", server.Address);
        await Expect(Numbered(page, Count)).ToBeInViewportAsync();
        await Expect(Numbered(page, 1)).ToHaveCountAsync(0);

        var oldest = page.Page.Locator("[data-seq]").First;
        while (await oldest.GetAttributeAsync("data-seq") is var seq and not "1")
        {
            await page.Part("timeline").PressAsync("Home");
            await Expect(oldest).Not.ToHaveAttributeAsync("data-seq", seq!);
        }

        await page.AssertNumberedToAsync(Count);
        await Expect(page.Part("message-text").First).ToHaveTextAsync("line 1");
        await Expect(page.Page.GetByText("Here global begins.")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Who_reads_back_stays_there_while_others_write_and_jumps_to_the_latest()
    {
        var server = await StartServerAsync();
        var ann = await server.RegisterAsync("ann");
        await TellAsync(ann);
        var page = await OpenAsAsync("ben", server.Address);
        await Expect(Numbered(page, Count)).ToBeInViewportAsync();
        await page.Part("timeline").HoverAsync();
        await page.Page.Mouse.WheelAsync(0, -600);
        await Expect(page.Part("jump")).ToHaveTextAsync("Jump to latest");
        await Expect(Numbered(page, Count)).Not.ToBeInViewportAsync();

        (await ann.PublishAsync("global", "news")).Dispose();

        await Expect(page.Part("jump")).ToHaveTextAsync("1 new message");
        await Expect(Numbered(page, Count + 1)).Not.ToBeInViewportAsync();
        await page.Part("jump").ClickAsync();
        await Expect(Numbered(page, Count + 1)).ToBeInViewportAsync();
        await Expect(page.Part("jump")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Page_that_is_put_in_and_passed_within_one_frame_does_not_end_the_way_back()
    {
        var server = await StartServerAsync();
        await TellAsync(await server.RegisterAsync("ann"));
        var page = await OpenAsAsync("ben", server.Address);
        await Expect(Numbered(page, Count)).ToBeInViewportAsync();

        // A wheel that turns on: whenever messages are put in, the reader is at the top again before the next frame is drawn.
        await page.Part("timeline").EvaluateAsync(
            """
            timeline => {
              const toTop = () => requestAnimationFrame(() => { timeline.scrollTop = 0; });
              new MutationObserver(toTop).observe(timeline.querySelector('.log'), { childList: true });
              toTop();
            }
            """);

        await Expect(page.Page.GetByText("Here global begins.")).ToBeInViewportAsync();
        await page.AssertNumberedToAsync(Count);
    }

    [Fact]
    public async Task Lines_pasted_over_what_was_being_written_leave_the_reader_at_the_end()
    {
        var server = await StartServerAsync();
        var ann = await server.RegisterAsync("ann");
        await TellAsync(ann);
        var page = await OpenAsAsync("ben", server.Address);
        await Expect(Numbered(page, Count)).ToBeInViewportAsync();

        foreach (var lines in new[] { "one\ntwo\nthree\nfour\nfive", "one\ntwo", "a\nb\nc\nd\ne\nf\ng", "a\nb\nc\nd\ne\nf\ng" })
        {
            await page.Part("composer").PressAsync("Control+a");
            await page.Page.Keyboard.InsertTextAsync(lines);
            await Expect(page.Part("composer")).ToHaveValueAsync(lines);
        }

        (await ann.PublishAsync("global", "news")).EnsureSuccessStatusCode().Dispose();
        await Expect(Numbered(page, Count + 1)).ToBeInViewportAsync();
        await Expect(page.Part("jump")).ToBeHiddenAsync();
    }

    private static ILocator Numbered(ChatPage page, int seq) => page.Page.Locator($"[data-seq='{seq}']");

    private static async Task TellAsync(TestUser user)
    {
        await using var socket = await user.ConnectAsync();
        for (var line = 1; line <= Count; line++)
        {
            await socket.SayAsync("global", $"line {line}");
            await socket.ExpectAsync("ack");
        }
    }
}
