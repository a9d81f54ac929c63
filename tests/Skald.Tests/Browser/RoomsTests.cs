using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>People make a room of their own, let others in, and put them out again.</summary>
public sealed class RoomsTests(Chromium chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task Private_room_is_made_filled_renamed_and_closed_to_who_is_removed()
    {
        var server = await StartServerAsync();
        var ben = await OpenAsAsync("ben", server.Address);
        var ann = await OpenAsAsync("ann", server.Address);

        await ann.Part("new-room").ClickAsync();
        await ann.Part("new-room-title").FillAsync("Büro");
        await ann.Part("new-room-people").FillAsync("nobody");
        await ann.Part("new-room-make").ClickAsync();
        await Expect(ann.Part("new-room-fault")).ToContainTextAsync("no user");
        await ann.Part("new-room-people").FillAsync("");
        await ann.Part("new-room-make").ClickAsync();
        await Expect(ann.Page.Locator("h1").Filter(new() { HasText = "Büro" })).ToBeVisibleAsync();
        await ann.SayAsync("only us");
        await ann.ExpectMessagesAsync("only us");

        await OpenSheetAsync(ann);
        await Expect(ann.Part("room-sheet-note")).ToContainTextAsync("one member");
        await ann.Part("add-member-name").FillAsync("ben");
        await ann.Part("add-member").ClickAsync();
        await Expect(ann.Part("member")).ToHaveCountAsync(2);
        await ann.Part("room-topic").FillAsync("Was ansteht");
        await ann.Part("room-title").FillAsync("Büro 2");
        await ann.Part("room-save").ClickAsync();
        await Expect(ann.Part("room-done")).ToHaveTextAsync("Saved.");
        await ann.Part("room-sheet-close").ClickAsync();
        await Expect(ann.Part("room-item-name").Filter(new() { HasText = "Büro 2" })).ToBeVisibleAsync();

        await ben.Page.ReloadAsync();
        await ben.Part("room-item-name").Filter(new() { HasText = "Büro 2" }).ClickAsync();
        await ben.ExpectMessagesAsync("only us");
        await ben.SayAsync("hello");
        await ann.ExpectMessagesAsync("only us", "hello");
        await OpenSheetAsync(ben);
        await Expect(ben.Part("member")).ToHaveCountAsync(2);
        await Expect(ben.Part("remove-member").And(ben.Page.Locator(":visible"))).ToHaveCountAsync(0);
        await Expect(ben.Part("room-save")).ToBeHiddenAsync();
        await ben.Part("room-sheet-close").ClickAsync();

        await OpenSheetAsync(ann);
        await ann.Part("remove-member").And(ann.Page.Locator(":visible")).ClickAsync();
        await Expect(ann.Part("member")).ToHaveCountAsync(1);
        await Expect(ben.Part("notice-text")).ToContainTextAsync("Büro 2: You are not in this room any more.");
        await Expect(ben.Part("room-item-name")).ToHaveTextAsync(["global"]);
        await Expect(ben.Page.Locator("h1").Filter(new() { HasText = "global" })).ToBeVisibleAsync();

        await ann.Part("quit-room").ClickAsync();
        await Expect(ann.Part("members-fault")).ToContainTextAsync("make another member one first");
        // That nobody is called so, the browser has noted by itself.
        Assert.Single(ann.Faults.ConsoleErrors, error => error.Contains("404", StringComparison.Ordinal));
        Assert.Empty(ben.Faults.ConsoleErrors);
    }

    private static async Task OpenSheetAsync(ChatPage page)
    {
        await page.Part("room-menu").ClickAsync();
        await page.Part("show-room").ClickAsync();
        await Expect(page.Part("room-sheet")).ToBeVisibleAsync();
    }
}
