using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>A narrow screen, and no pointer.</summary>
public sealed class PhoneTests(Chromium chromium) : BrowserTest(chromium)
{
    private const int Width = 360;

    [Fact]
    public async Task Everything_is_done_by_keyboard_at_360_pixels_and_nothing_is_wider()
    {
        var server = await StartServerAsync();
        var page = await OpenAsync(server.Address, Width, height: 740);
        await AssertFitsAsync(page);

        await GoToAsync(page, "mode-switch");
        await page.Page.Keyboard.PressAsync("Enter");
        await GoToAsync(page, "username", "Shift+Tab");
        await page.Page.Keyboard.TypeAsync("ann-" + new string('n', 120));
        await GoToAsync(page, "email");
        await page.Page.Keyboard.TypeAsync("ann@example.com");
        await GoToAsync(page, "password");
        await page.Page.Keyboard.TypeAsync("12345678");
        await AssertFitsAsync(page);
        await page.Page.Keyboard.PressAsync("Enter");
        await page.ExpectStateAsync("ready");
        await AssertFitsAsync(page);

        await GoToAsync(page, "menu", "Shift+Tab");
        await page.Page.Keyboard.PressAsync("Enter");
        await Expect(page.Part("room-list")).ToBeInViewportAsync();
        await AssertFitsAsync(page);
        await GoToAsync(page, "add-room-name");
        var room = new string('r', 100);
        await page.Page.Keyboard.TypeAsync(room);
        await page.Page.Keyboard.PressAsync("Enter");
        await Expect(page.Part("room-list")).ToBeHiddenAsync();
        await Expect(page.Part("composer")).ToBeFocusedAsync();

        var word = new string('w', 300);
        await page.Page.Keyboard.TypeAsync(word);
        await page.Page.Keyboard.PressAsync("Enter");
        await page.ExpectMessagesAsync(word);
        await AssertFitsAsync(page);

        await GoToAsync(page, "menu", "Shift+Tab");
        await page.Page.Keyboard.PressAsync("Enter");
        await Expect(page.Part("room-item-name")).ToHaveTextAsync([room, "global"]);
        await Expect(page.Part("room-item").First).ToBeFocusedAsync();
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page.Part("room-list")).ToBeHiddenAsync();
        await Expect(page.Part("menu")).ToBeFocusedAsync();

        await page.Page.Keyboard.PressAsync("Enter");
        await GoToAsync(page, "sign-out");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.ExpectSignedOutAsync();
    }

    /// <summary>Moves the focus as a person does who has nothing but keys.</summary>
    private static async Task GoToAsync(ChatPage page, string part, string key = "Tab")
    {
        for (var presses = 0; presses < 20; presses++)
        {
            if (string.Equals(
                await page.Page.EvaluateAsync<string?>("document.activeElement?.dataset.testid"),
                part, StringComparison.Ordinal))
                return;
            await page.Page.Keyboard.PressAsync(key);
        }

        Assert.Fail($"{part} is not reached with {key}.");
    }

    private static async Task AssertFitsAsync(ChatPage page)
    {
        var width =
            await page.Page.EvaluateAsync<int>("Math.max(innerWidth, document.documentElement.scrollWidth, document.body.scrollWidth)");
        Assert.Equal(Width, width);
    }
}
