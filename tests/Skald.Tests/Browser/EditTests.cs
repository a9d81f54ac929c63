using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>People change what they have said, and take it back.</summary>
public sealed class EditTests(Chromium chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task An_edit_and_a_delete_are_seen_by_the_other_at_once_and_after_a_reload()
    {
        var server = await StartServerAsync();
        var ann = await OpenAsAsync("ann", server.Address);
        var ben = await OpenAsAsync("ben", server.Address);
        foreach (var text in new[] { "one", "two", "three" })
            await ann.SayAsync(text);
        await ben.ExpectMessagesAsync("one", "two", "three");
        await Expect(ben.Part("edit")).ToHaveCountAsync(0);
        var pagesRead = 0;
        ben.Page.Request += (_, request) => pagesRead += request.Url.Contains("/history/", StringComparison.Ordinal) ? 1 : 0;

        await ann.Messages.Nth(1).HoverAsync();
        await ann.Part("edit").Nth(1).ClickAsync();
        await ann.Part("editor").FillAsync("two, <b>really</b>");
        await ann.Part("edit-save").ClickAsync();
        await DeleteAsync(ann, 0);
        await ann.SayAsync("four");

        foreach (var page in new[] { ann, ben })
        {
            await page.ExpectMessagesAsync("Message deleted", "two, <b>really</b>", "three", "four");
            await Expect(page.Messages.Nth(1).GetByTestId("edited")).ToHaveTextAsync("(edited)");
            Assert.StartsWith("Edited ", await page.Part("edited").GetAttributeAsync("title"), StringComparison.Ordinal);
            await Expect(page.Part("edited")).ToHaveCountAsync(1);
        }

        Assert.Equal(0, pagesRead);
        await DeleteAsync(ann, 2);   // of four messages the last, since the deleted one has no buttons any more
        await Expect(ben.Part("room-item-word")).ToHaveTextAsync("ann: three");

        foreach (var page in new[] { ann, ben })
        {
            await page.Page.ReloadAsync();
            await page.ExpectMessagesAsync("two, <b>really</b>", "three");
            await Expect(page.Messages.First.GetByTestId("edited")).ToBeVisibleAsync();
            await Expect(page.Part("room-item-word")).ToHaveTextAsync("ann: three");
        }

        Assert.Empty(ann.Faults.ConsoleErrors);
        Assert.Empty(ben.Faults.ConsoleErrors);
    }

    [Fact]
    public async Task Everything_is_done_by_keyboard_and_the_focus_is_never_lost()
    {
        var server = await StartServerAsync();
        var ann = await OpenAsAsync("ann", server.Address);
        var keys = ann.Page.Keyboard;
        await ann.SayAsync("first");
        await ann.SayAsync("last");
        await ann.ExpectMessagesAsync("first", "last");

        await keys.PressAsync("ArrowUp");
        await Expect(ann.Part("editor")).ToBeFocusedAsync();
        await keys.TypeAsync(" of all");
        await keys.PressAsync("Escape");
        await Expect(ann.Part("composer")).ToBeFocusedAsync();
        await ann.ExpectMessagesAsync("first", "last");

        await keys.PressAsync("ArrowUp");
        await keys.PressAsync("Control+a");
        await keys.TypeAsync(" ");
        await keys.PressAsync("Enter");
        await Expect(ann.Part("edit-fault")).ToHaveTextAsync("A message needs some text that can be seen. To take it back, delete it.");
        await keys.TypeAsync("two");
        await keys.PressAsync("Shift+Enter");
        await keys.TypeAsync("lines");
        await keys.PressAsync("Enter");
        await ann.ExpectMessagesAsync("first", "two\nlines");
        await Expect(ann.Part("composer")).ToBeFocusedAsync();

        await keys.TypeAsync("begun");
        await keys.PressAsync("ArrowUp");
        await Expect(ann.Part("editor")).ToHaveCountAsync(0);
        await keys.PressAsync("Shift+Tab");
        await Expect(ann.Part("delete").Last).ToBeFocusedAsync();
        await Expect(ann.Page.Locator(".actions").Last).ToHaveCSSAsync("opacity", "1");
        await keys.PressAsync("Enter");
        await Expect(ann.Part("delete-sheet")).ToContainTextAsync("two\nlines");
        await keys.PressAsync("Escape");
        await Expect(ann.Part("delete").Last).ToBeFocusedAsync();
        await keys.PressAsync("Enter");
        await keys.PressAsync("Tab");
        await Expect(ann.Part("delete-confirm")).ToBeFocusedAsync();
        await keys.PressAsync("Enter");
        await Expect(ann.Part("message-text")).ToHaveTextAsync(["first", "Message deleted"]);
        await Expect(ann.Messages.Last).ToBeFocusedAsync();
    }

    [Fact]
    public async Task An_edit_of_a_text_that_was_changed_elsewhere_says_so_and_replaces_it_only_when_asked_again()
    {
        var server = await StartServerAsync();
        var desk = await OpenAsAsync("ann", server.Address);
        await desk.SayAsync("draft");
        await desk.ExpectMessagesAsync("draft");
        var phone = await OpenAsync(server.Address);
        await phone.SignInAsync("ann");
        await phone.ExpectMessagesAsync("draft");

        await phone.Part("composer").PressAsync("ArrowUp");
        await desk.Part("composer").PressAsync("ArrowUp");
        await desk.Part("editor").FillAsync("from the desk");
        await desk.Part("editor").PressAsync("Enter");
        await desk.ExpectMessagesAsync("from the desk");
        await phone.Part("editor").FillAsync("from the phone");
        await phone.Part("editor").PressAsync("Enter");

        await Expect(phone.Part("edit-fault")).ToHaveTextAsync(
            "It was changed elsewhere meanwhile, to “from the desk”. Save again to replace that.");
        await desk.ExpectMessagesAsync("from the desk");
        await phone.Part("editor").PressAsync("Enter");
        await desk.ExpectMessagesAsync("from the phone");
        await phone.ExpectMessagesAsync("from the phone");
    }

    [Fact]
    public async Task An_edit_made_without_a_network_is_made_once_when_it_is_back()
    {
        var server = await StartServerAsync();
        var network = Keep(new Network(server.Address));
        var ann = await OpenAsAsync("ann", network.Address);
        var ben = await OpenAsAsync("ben", server.Address);
        await ann.SayAsync("before");
        await ben.ExpectMessagesAsync("before");

        network.LoseAnswers();
        await ann.Part("composer").PressAsync("ArrowUp");
        await ann.Part("editor").FillAsync("after");
        await ann.Part("editor").PressAsync("Enter");
        await ben.ExpectMessagesAsync("after");
        await Expect(ann.Part("edit-save")).ToHaveTextAsync("Saving…");
        network.Cut();
        await ann.ExpectStateAsync("reconnecting");
        network.Mend();

        await ann.ExpectMessagesAsync("after");
        await Expect(ann.Part("editor")).ToHaveCountAsync(0);
        await ben.SayAsync("and on");
        await ann.ExpectMessagesAsync("after", "and on");
        Assert.Equal(["1", "3"], await ann.Page.Locator("[data-seq]").EvaluateAllAsync<string[]>("all => all.map(one => one.dataset.seq)"));
    }

    [Fact]
    public async Task A_message_that_is_deleted_before_it_was_read_is_not_unread_any_more()
    {
        var server = await StartServerAsync();
        var ann = await OpenAsAsync("ann", server.Address);
        var ben = await OpenAsAsync("ben", server.Address);
        await ben.AddRoomAsync("tech");
        await ann.SayAsync("one");
        await ann.SayAsync("two");
        await Expect(ben.Part("badge")).ToHaveTextAsync(["2 unread", "0 unread"]);

        await DeleteAsync(ann, 0);

        await Expect(ben.Part("badge")).ToHaveTextAsync(["1 unread", "0 unread"]);
        await ann.Messages.Last.HoverAsync();
        await ann.Part("edit").Last.ClickAsync();
        await ann.Part("editor").FillAsync("two!");
        await ann.Part("edit-save").ClickAsync();
        await DeleteAsync(ann, 0);   // of those that still have a text
        await Expect(ben.Part("badge")).ToHaveTextAsync(["0 unread", "0 unread"]);
    }

    [Fact]
    public async Task On_a_phone_a_touch_brings_what_can_be_done_and_each_target_is_44_pixels_high_and_wide()
    {
        var server = await StartServerAsync();
        var ann = await OpenAsync(server.Address, width: 390, height: 780);
        await ann.RegisterAsync("ann");
        await ann.SayAsync("one");
        await ann.SayAsync(new string('w', 200));
        await Expect(ann.Messages).ToHaveCountAsync(2);

        await ann.Part("message-text").Last.ClickAsync();
        await AssertLargeAsync(ann.Part("edit").Last);
        await AssertLargeAsync(ann.Part("delete").Last);
        await ann.Part("edit").Last.ClickAsync();
        await AssertLargeAsync(ann.Part("edit-save"));
        await AssertLargeAsync(ann.Part("edit-cancel"));
        Assert.Equal(390, await ann.Page.EvaluateAsync<int>("Math.max(innerWidth, document.documentElement.scrollWidth)"));
        var text = string.Join(' ', Enumerable.Repeat("wide", 40));
        await ann.Part("editor").FillAsync(text);
        await ann.Part("edit-save").ClickAsync();
        await Expect(ann.Part("message-text")).ToHaveTextAsync(["one", text]);
        var mark = await ann.Part("delivery").Last.EvaluateAsync<double>(
            "one => Math.max(...[...one.children].map(part => part.getBoundingClientRect().right))");
        Assert.True(mark <= 390, $"What stands beside the text ends at {mark}.");
    }

    private static async Task DeleteAsync(ChatPage page, int nth)
    {
        await page.Part("delete").Nth(nth).FocusAsync();
        await page.Part("delete").Nth(nth).ClickAsync();
        await page.Part("delete-confirm").ClickAsync();
    }

    private static async Task AssertLargeAsync(ILocator target)
    {
        var box = await target.BoundingBoxAsync();
        Assert.NotNull(box);
        Assert.True(box.Width >= 44 && box.Height >= 44, $"{box.Width} × {box.Height}");
    }
}
