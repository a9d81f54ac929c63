using System.Text.Json;
using Skald.Tests.Harness;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>A session that has ended ends on the page too, wherever it was ended.</summary>
public sealed class SignOutTests(Chromium chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task Signing_out_clears_the_page_and_ends_the_session_at_the_server()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);
        await page.SayAsync("for signed-in eyes");
        await page.ExpectMessagesAsync("for signed-in eyes");

        await page.Page.RunAndWaitForResponseAsync(() => page.Part("sign-out").ClickAsync(), "**/api/logout/");

        await page.ExpectSignedOutAsync();
        await Expect(page.Messages).ToHaveCountAsync(0);
        Assert.Single(await SessionsAsync(await server.LoginAsync("ann")));
        await page.SignInAsync("ann");
        await page.ExpectMessagesAsync("for signed-in eyes");
    }

    [Fact]
    public async Task A_session_ended_over_HTTP_signs_its_page_out_and_no_other()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);
        var elsewhere = await server.LoginAsync("ann");
        var session = Assert.Single(await SessionsAsync(elsewhere), session => !session.GetProperty("current").GetBoolean());
        var other = await OpenAsync(server.Address);
        await other.SignInAsync("ann");

        var address = $"/api/me/sessions/{session.GetProperty("id")}/";
        (await elsewhere.SendAsync(HttpMethod.Delete, address)).EnsureSuccessStatusCode().Dispose();

        await page.ExpectSignedOutAsync();
        await Expect(page.Page.GetByText("Your session has ended.")).ToBeVisibleAsync();
        await other.SayAsync("still here");
        await other.ExpectMessagesAsync("still here");
    }

    [Fact]
    public async Task Signing_out_everywhere_signs_every_page_out()
    {
        var server = await StartServerAsync();
        var first = await OpenAsAsync("ann", server.Address);
        var second = await OpenAsync(server.Address);
        await second.SignInAsync("ann");

        await first.Part("account").ClickAsync();
        await Expect(first.Page.Locator("#sessions li")).ToHaveCountAsync(2);
        await first.Page.Locator("#sign-out-everywhere").ClickAsync();

        await first.ExpectSignedOutAsync();
        await second.ExpectSignedOutAsync();
        Assert.Single(await SessionsAsync(await server.LoginAsync("ann")));
    }

    private static async Task<JsonElement[]> SessionsAsync(TestUser user)
    {
        using var answer = (await user.SendAsync(HttpMethod.Get, "/api/me/sessions/")).EnsureSuccessStatusCode();
        return [.. JsonElement.Parse(await answer.Content.ReadAsStringAsync()).EnumerateArray()];
    }
}
