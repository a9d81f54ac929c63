using Skald.Tests.Harness;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>
/// Who may make an account, and how long a password must be, is a setting: the page says what the server it came from has set.
/// </summary>
public sealed class RegistrationTests(Chromium chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task Page_says_before_the_mistake_how_long_a_password_must_be_at_this_server()
    {
        var server = await StartServerAsync(("Accounts:PasswordMinLength", "11"));
        var page = await OpenAsync(server.Address);
        await page.Part("mode-switch").ClickAsync();
        await Expect(page.Page.Locator("#password-rule")).ToHaveTextAsync("11 characters or more. A few words in a row are best.");

        await page.EnterAsync("register", "ann", "12345678901"[..10]);
        await Expect(page.Page.Locator("#password-fault")).ToHaveTextAsync("Use at least 11 characters.");
        await page.EnterAsync("register", "ann", "12345678901");
        await page.ExpectStateAsync("ready");

        await page.Page.ReloadAsync();
        await page.Part("account").ClickAsync();
        await Expect(page.Page.Locator("#new-password-rule")).ToHaveTextAsync("11 characters or more. A few words in a row are best.");
    }

    [Fact]
    public async Task Where_registration_is_closed_the_page_offers_to_sign_in_only_and_says_why()
    {
        using var data = new TestDirectory();
        await using (var open = await SkaldServer.StartAsync(data: data.Path))
            await open.RegisterAsync("ann");
        await using var server = await SkaldServer.StartAsync([("Accounts:Registration", "closed")], data: data.Path);
        var page = await OpenAsync(server.Address);

        await Expect(page.Part("sign-in-switch-text"))
            .ToHaveTextAsync("Nobody can register here. Ask whoever runs this server for an account.");
        await Expect(page.Part("sign-in-switch-text")).ToBeVisibleAsync();
        await Expect(page.Part("mode-switch")).ToBeHiddenAsync();
        await page.SignInAsync("ann");

        await page.Part("sign-out").ClickAsync();
        await page.ExpectSignedOutAsync();
        await Expect(page.Part("mode-switch")).ToBeHiddenAsync();
        await page.Page.Context.CloseAsync();
    }

    [Fact]
    public async Task Where_the_rules_cannot_be_read_the_way_to_an_account_is_offered_all_the_same()
    {
        var server = await StartServerAsync();
        var page = await OpenAsync(server.Address);
        await page.Page.RouteAsync("**/api/registration/", route => route.AbortAsync());
        await page.Page.ReloadAsync();

        await page.RegisterAsync("ann");

        await Expect(page.Page.Locator("#password-rule")).ToHaveTextAsync("A few words in a row are best.");
    }
}
