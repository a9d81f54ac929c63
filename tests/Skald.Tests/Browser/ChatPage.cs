using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>The page in one browser window, and what a person does and sees there.</summary>
internal sealed class ChatPage(IPage page, PageFaults faults)
{
    private const string Password = "12345678";

    public IPage Page => page;

    public PageFaults Faults => faults;

    public ILocator Messages => Part("message");

    public ILocator Unsent => page.Locator("[data-testid=message][data-pending=true]");

    /// <summary>A part of the page by its <c>data-testid</c>.</summary>
    public ILocator Part(string name) => page.GetByTestId(name);

    public async Task RegisterAsync(string username, string password = Password)
    {
        await Part("mode-switch").ClickAsync();
        await EnterAsync("register", username, password);
        await ExpectStateAsync("ready");
    }

    public async Task SignInAsync(string username, string password = Password)
    {
        await EnterAsync("sign-in", username, password);
        await ExpectStateAsync("ready");
    }

    /// <summary>Fills in the form and sends it, whatever comes of it.</summary>
    public async Task EnterAsync(string button, string username, string password = Password)
    {
        await Part("username").FillAsync(username);
        await Part("password").FillAsync(password);
        await Part(button).ClickAsync();
    }

    public async Task SayAsync(string text)
    {
        await Part("composer").FillAsync(text);
        await Part("composer").PressAsync("Enter");
    }

    public async Task AddRoomAsync(string name)
    {
        await Part("add-room-name").FillAsync(name);
        await Part("add-room").ClickAsync();
    }

    public Task ExpectStateAsync(string state) => Expect(Part("connection-state")).ToHaveAttributeAsync("data-state", state);

    /// <summary>These messages stand there and no others, in this order, and all of them are stored.</summary>
    public async Task ExpectMessagesAsync(params string[] texts)
    {
        await Expect(Part("message-text")).ToHaveTextAsync(texts);
        await Expect(page.Locator("[data-testid=message][data-pending=false]")).ToHaveCountAsync(texts.Length);
    }

    public Task ExpectSignedOutAsync() => Expect(Part("sign-in")).ToBeVisibleAsync();

    /// <summary>The stored messages are 1 to the last one, from top to bottom, each once.</summary>
    public async Task AssertNumberedToAsync(int last)
    {
        var numbers = await page.Locator("[data-seq]").EvaluateAllAsync<int[]>("all => all.map(one => Number(one.dataset.seq))");
        Assert.Equal(Enumerable.Range(1, last), numbers);
    }

    /// <summary>What elements say, letter by letter.</summary>
    public Task<string[]> TextsAsync(string selector) =>
        page.Locator(selector).EvaluateAllAsync<string[]>("all => all.map(one => one.textContent)");
}
