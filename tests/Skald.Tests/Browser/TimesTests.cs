using Skald.Tests.Harness;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>A time is called by how long ago it was, and goes on to be called rightly while one looks at it.</summary>
public sealed class TimesTests(Chromium chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task Times_beside_messages_above_days_and_in_the_list_of_rooms_grow_old_while_the_page_stands()
    {
        var clock = new FakeClock();
        var said = clock.GetUtcNow();   // Saturday, 21 February 2026, 16:46:02
        var server = Keep(await SkaldServer.StartAsync(clock: clock));
        var page = await OpenAsync(server.Address, now: said);
        await page.RegisterAsync("ann");
        await page.SayAsync("how old am I?");
        await page.ExpectMessagesAsync("how old am I?");
        var looksAgain = TimeSpan.FromSeconds(30);
        await page.Page.Clock.PauseAtAsync(said.AddSeconds(40).UtcDateTime);

        foreach (var (age, message, day, room) in new[]
        {
            (TimeSpan.FromSeconds(50), "now", "Today", "now"),
            (TimeSpan.FromSeconds(90), "1 min", "Today", "1 min"),
            (TimeSpan.FromMinutes(59.5), "59 min", "Today", "59 min"),
            (TimeSpan.FromHours(1), "16:46", "Today", "16:46"),
            (TimeSpan.FromHours(7), "16:46", "Today", "16:46"),
            (TimeSpan.FromHours(8), "16:46", "Yesterday", "Sat"),
            (TimeSpan.FromDays(2), "16:46", "Saturday 21 February", "Sat"),
            (TimeSpan.FromDays(6), "16:46", "Saturday 21 February", "21 Feb 2026"),
            (TimeSpan.FromDays(365), "16:46", "Saturday, 21 February 2026", "21 Feb 2026"),
            (TimeSpan.FromSeconds(-30), "now", "Today", "now"),   // the server's clock is ahead of the device's
            (TimeSpan.FromMinutes(-2), "16:46", "Today", "16:46"),
        })
        {
            await page.Page.Clock.SetSystemTimeAsync((said + age - looksAgain).UtcDateTime);
            await page.Page.Clock.FastForwardAsync((long)looksAgain.TotalMilliseconds);

            await Expect(page.Page.Locator(".when time")).ToHaveTextAsync(message);
            await Expect(page.Page.Locator(".day time")).ToHaveTextAsync(day);
            await Expect(page.Page.Locator(".room-item time")).ToHaveTextAsync(room);
        }

        Assert.Equal("2026-02-21T16:46:02.000Z", await page.Page.Locator(".when time").GetAttributeAsync("datetime"));
    }
}
