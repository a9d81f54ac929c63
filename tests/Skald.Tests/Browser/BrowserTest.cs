using Microsoft.Playwright;
using Skald.Tests.Harness;

namespace Skald.Tests.Browser;

/// <summary>A test with servers and pages of its own. At its end no page may have met a fault that the test did not ask for.</summary>
[Collection<BrowserGroup>]
public abstract class BrowserTest(Chromium chromium) : IAsyncLifetime
{
    private readonly Stack<IAsyncDisposable> _opened = new();
    private readonly List<PageFaults> _faults = [];

    public ValueTask InitializeAsync()
    {
        chromium.Require();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        while (_opened.TryPop(out var opened))
            await opened.DisposeAsync();
        Assert.Empty(_faults.SelectMany(faults => faults.Take()));
    }

    private protected async Task<SkaldServer> StartServerAsync(params (string Key, string Value)[] settings) =>
        Keep(await SkaldServer.StartAsync(settings));

    /// <summary>A page at an address, in a browser profile of its own.</summary>
    /// <param name="address">Of the server, or of what stands before it.</param>
    /// <param name="width">Of the window, in CSS pixels.</param>
    /// <param name="height">Of the window, in CSS pixels.</param>
    /// <param name="now">What time the page takes it to be; from then on the test may stop its clock and put it forward.</param>
    private protected async Task<ChatPage> OpenAsync(Uri address, int width = 1280, int height = 800, DateTimeOffset? now = null)
    {
        var context = await chromium.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = address.ToString(),
            Locale = "en-GB",
            TimezoneId = "UTC",
            IgnoreHTTPSErrors = true,   // the certificate of the tests is nobody's
            ViewportSize = new ViewportSize { Width = width, Height = height },
        });
        Keep(context);
        var page = await context.NewPageAsync();
        var faults = await PageFaults.WatchAsync(page);
        _faults.Add(faults);
        if (now is { } moment)
            await page.Clock.InstallAsync(new ClockInstallOptions { TimeDate = moment.UtcDateTime });
        await page.GotoAsync(address.ToString());
        return new ChatPage(page, faults);
    }

    /// <summary>A page on which someone has just registered.</summary>
    private protected async Task<ChatPage> OpenAsAsync(string username, Uri address)
    {
        var page = await OpenAsync(address);
        await page.RegisterAsync(username);
        return page;
    }

    /// <summary>Disposes it after the test, the last one first.</summary>
    private protected T Keep<T>(T opened)
        where T : IAsyncDisposable
    {
        _opened.Push(opened);
        return opened;
    }
}
