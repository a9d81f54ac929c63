using Microsoft.Playwright;
using Skald.Tests.Repository;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>The picture of the page in README.md: a talk that really took place.</summary>
public sealed class PictureTests(Chromium chromium) : BrowserTest(chromium)
{
    private const string Shown = "docs/page.png";

    [Fact]
    public async Task Picture_of_the_page_shows_a_talk()
    {
        var server = await StartServerAsync();
        var ben = await server.RegisterAsync("ben");
        var eva = await server.RegisterAsync("eva");
        var page = await OpenAsAsync("ann", server.Address);
        await page.AddRoomAsync("release");
        await page.AddRoomAsync("tea");
        await page.ExpectStateAsync("ready");
        (await eva.PublishAsync("tea", "The kettle is on.")).EnsureSuccessStatusCode().Dispose();
        (await ben.PublishAsync("global", "Morning! Has anybody tried the new build on the train?")).EnsureSuccessStatusCode().Dispose();
        (await ben.PublishAsync("global", "Two tunnels, and not a message missing.")).EnsureSuccessStatusCode().Dispose();
        await page.Part("room-item-name").Filter(new() { HasText = "global" }).ClickAsync();
        await page.SayAsync("I have. It reconnected while I was still looking for the button.");
        (await eva.PublishAsync("global", "Same here, and in the lift too.")).EnsureSuccessStatusCode().Dispose();
        (await eva.PublishAsync("release", "Tagged, and the notes are up.")).EnsureSuccessStatusCode().Dispose();

        await Expect(page.Messages).ToHaveCountAsync(4);
        await Expect(page.Messages.Nth(3)).ToBeInViewportAsync();
        var picture = await page.Page.ScreenshotAsync(new PageScreenshotOptions { Animations = ScreenshotAnimations.Disabled });
        var path = Path.Combine(Source.Root, Shown);
        if (Environment.GetEnvironmentVariable("SKALD_WRITE_DOCS") == "1")
            await File.WriteAllBytesAsync(path, picture, TestContext.Current.CancellationToken);

        Assert.Contains($"]({Shown})", Source.Read("README.md"), StringComparison.Ordinal);
        Assert.True(File.Exists(path), $"README.md shows {Shown}: run this test with SKALD_WRITE_DOCS=1");
    }
}
