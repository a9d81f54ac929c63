using System.Text.RegularExpressions;
using Skald.Tests.Harness;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>Rooms and messages have addresses: the way back works, and links lead there.</summary>
public sealed class AddressTests(Chromium chromium) : BrowserTest(chromium)
{
    private const int Count = 180;

    [Fact]
    public async Task Ways_back_and_forth_lead_from_room_to_room()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);
        var room = page.Page.Locator("#room-name");
        await page.AddRoomAsync("tech");
        await Expect(page.Page).ToHaveTitleAsync("tech · Skald");
        await page.Part("room-item").Filter(new() { HasText = "global" }).ClickAsync();
        await Expect(room).ToHaveTextAsync("global");

        await page.Page.GoBackAsync();
        await Expect(room).ToHaveTextAsync("tech");
        await page.Page.GoBackAsync();
        await Expect(room).ToHaveTextAsync("global");
        await page.Page.GoForwardAsync();
        await Expect(room).ToHaveTextAsync("tech");
    }

    [Fact]
    public async Task Link_leads_to_its_message_far_back_and_reading_goes_on_from_there_in_both_directions()
    {
        var server = await StartServerAsync();
        var ben = await server.RegisterAsync("ben");
        await TellAsync(ben);
        await server.RegisterAsync("ann");
        var page = await OpenAsync(new Uri(server.Address, "#/rooms/saga/60"));
        await page.SignInAsync("ann");

        var sought = page.Page.Locator("[data-seq='60']");
        await Expect(sought).ToBeInViewportAsync();
        await Expect(sought).ToHaveClassAsync(new Regex("pointed"));
        await Expect(page.Page.Locator("#room-name")).ToHaveTextAsync("saga");
        await Expect(page.Part("jump")).ToBeVisibleAsync();
        (await ben.PublishAsync("saga", "news")).EnsureSuccessStatusCode().Dispose();
        await Expect(page.Part("jump")).ToHaveTextAsync("1 new message");

        var newest = page.Page.Locator("[data-seq]").Last;
        while (await newest.GetAttributeAsync("data-seq") is var seq and not "181")
        {
            await page.Part("timeline").PressAsync("End");
            await Expect(newest).Not.ToHaveAttributeAsync("data-seq", seq!);
        }

        await page.Part("timeline").PressAsync("End");
        await Expect(page.Part("jump")).ToBeHiddenAsync();
        var oldest = page.Page.Locator("[data-seq]").First;
        while (await oldest.GetAttributeAsync("data-seq") is var seq and not "1")
        {
            await page.Part("timeline").PressAsync("Home");
            await Expect(oldest).Not.ToHaveAttributeAsync("data-seq", seq!);
        }

        await page.AssertNumberedToAsync(Count + 1);
    }

    [Fact]
    public async Task Whoever_follows_a_link_and_writes_is_at_the_latest_again()
    {
        var server = await StartServerAsync();
        await TellAsync(await server.RegisterAsync("ben"));
        await server.RegisterAsync("ann");
        var page = await OpenAsync(new Uri(server.Address, "#/rooms/saga/60"));
        await page.SignInAsync("ann");
        await Expect(page.Page.Locator("[data-seq='60']")).ToBeInViewportAsync();

        await page.SayAsync("and I say");

        await Expect(page.Page.Locator($"[data-seq='{Count + 1}']")).ToBeInViewportAsync();
        await Expect(page.Page.Locator("[data-seq='60']")).ToHaveCountAsync(0);
        await Expect(page.Part("jump")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Time_of_a_message_is_its_link_and_copies_it()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);
        await page.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await page.SayAsync("remember this");
        await page.ExpectMessagesAsync("remember this");

        await page.Part("when").ClickAsync();

        await Expect(page.Part("notice-text")).ToHaveTextAsync("The link to this message is copied.");
        var address = new Uri(server.Address, "#/rooms/global/1").ToString();
        await Expect(page.Page).ToHaveURLAsync(address);
        Assert.Equal(address, await page.Page.EvaluateAsync<string>("navigator.clipboard.readText()"));
    }

    [Theory]
    [InlineData("#/rooms/no%20room", "That link leads to no room.")]
    [InlineData("#/rooms/global/77", "There is no message 77 in global.")]
    public async Task Link_to_what_is_not_there_says_so_and_leaves_one_in_a_room(string link, string sentence)
    {
        var server = await StartServerAsync();
        await server.RegisterAsync("ann");
        var page = await OpenAsync(new Uri(server.Address, link));
        await page.SignInAsync("ann");

        await Expect(page.Part("notice-text")).ToHaveTextAsync(sentence);
        await Expect(page.Page.Locator("#room-name")).ToHaveTextAsync("global");
        await page.SayAsync("here");
        await page.ExpectMessagesAsync("here");
    }

    [Fact]
    public async Task Leaving_a_room_can_be_taken_back()
    {
        var server = await StartServerAsync();
        var page = await OpenAsAsync("ann", server.Address);
        await page.AddRoomAsync("tech");
        await page.SayAsync("stays");
        await page.ExpectMessagesAsync("stays");

        await page.Part("room-menu").ClickAsync();
        await page.Part("leave-room").ClickAsync();
        await Expect(page.Part("room-item-name")).ToHaveTextAsync(["global"]);
        await Expect(page.Page.Locator("#room-name")).ToHaveTextAsync("global");
        await page.Part("notice-action").ClickAsync();

        await Expect(page.Page.Locator("#room-name")).ToHaveTextAsync("tech");
        await page.ExpectMessagesAsync("stays");
    }

    private static async Task TellAsync(TestUser user)
    {
        await using var socket = await user.ConnectAsync();
        for (var line = 1; line <= Count; line++)
        {
            await socket.SayAsync("saga", $"line {line}");
            await socket.ExpectAsync("ack");
        }
    }
}
