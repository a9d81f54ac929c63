using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>What people do with the page on a good day.</summary>
public sealed class ConversationTests(Chromium chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task Two_people_register_and_chat_and_each_sees_every_message_once()
    {
        var server = await StartServerAsync();
        var ann = await OpenAsAsync("ann", server.Address);
        var ben = await OpenAsAsync("ben", server.Address);

        await ann.SayAsync("Is anyone here?");
        await ben.ExpectMessagesAsync("Is anyone here?");
        await ben.SayAsync("I am.");
        await ben.SayAsync("What is it?");
        await ann.ExpectMessagesAsync("Is anyone here?", "I am.", "What is it?");
        await ann.SayAsync("Nothing.\nOnly asking.");

        foreach (var page in new[] { ann, ben })
        {
            await page.ExpectMessagesAsync("Is anyone here?", "I am.", "What is it?", "Nothing.\nOnly asking.");
            await page.AssertNumberedToAsync(4);
            await Expect(page.Page.Locator(".author")).ToHaveTextAsync(["ann", "ben", "ben", "ann"]);
        }

        Assert.Empty(ann.Faults.ConsoleErrors);
        Assert.Empty(ben.Faults.ConsoleErrors);
    }

    [Fact]
    public async Task Rooms_are_apart_and_one_that_is_not_looked_at_counts_what_came()
    {
        var server = await StartServerAsync();
        var ann = await OpenAsAsync("ann", server.Address);
        var ben = await OpenAsAsync("ben", server.Address);
        await ann.AddRoomAsync("tech");
        await Expect(ann.Part("composer")).ToHaveAttributeAsync("placeholder", "Write in tech");

        await ben.SayAsync("one");
        await ben.SayAsync("two");

        await Expect(ann.Part("badge")).ToHaveTextAsync(["2 unread", "0 unread"]);
        await ann.ExpectMessagesAsync();
        await ann.Part("room-item").First.ClickAsync();
        await ann.ExpectMessagesAsync("one", "two");
        await Expect(ann.Part("badge").First).ToBeHiddenAsync();
    }

    [Fact]
    public async Task A_wrong_password_and_a_taken_name_are_told_in_words()
    {
        var server = await StartServerAsync();
        await server.RegisterAsync("ann");
        var page = await OpenAsync(server.Address);

        await page.EnterAsync("sign-in", "ann", "not the password");
        await Expect(page.Part("form-error")).ToHaveTextAsync("No account has this username and password.");
        await page.Part("mode-switch").ClickAsync();
        await page.EnterAsync("register", "Ann");
        await Expect(page.Page.Locator(".fault:visible")).ToHaveTextAsync(["This name is taken. Choose another one."]);
        await Expect(page.Part("form-error")).ToBeHiddenAsync();
        await Expect(page.Part("username")).ToHaveAttributeAsync("aria-invalid", "true");
        await page.Part("mode-switch").ClickAsync();
        await page.SignInAsync("ann");
    }
}
