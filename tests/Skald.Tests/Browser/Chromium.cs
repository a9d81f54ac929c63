using Microsoft.Playwright;
using Skald.Tests.Harness;

namespace Skald.Tests.Browser;

/// <summary>The one browser of all browser tests: the system's own, for a driver's download is not to be had everywhere.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private const string Program = "/usr/bin/chromium";

    /// <summary>
    /// This machine under a name that browsers, unlike <c>localhost</c>, hold for another's: plain HTTP is no secure context there.
    /// </summary>
    internal const string InsecureHost = "chat.lan";

    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        $"--host-resolver-rules=MAP {InsecureHost} 127.0.0.1",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Program))
            return;
        Assertions.SetDefaultExpectTimeout((float)Deadline.Default.TotalMilliseconds);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Program, Args = Arguments });
    }

    /// <summary>Skips the test where there is no browser, and fails it where there has to be one.</summary>
    public void Require()
    {
        if (_browser is not null)
            return;
        const string missing = $"{Program} is not installed (Debian: apt-get install chromium).";
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CI")))
            Assert.Skip(missing);
        Assert.Fail(missing);
    }

    /// <summary>A browser profile of its own: it shares no storage with any other.</summary>
    public async Task<IBrowserContext> NewContextAsync(BrowserNewContextOptions options)
    {
        var context = await _browser!.NewContextAsync(options);
        context.SetDefaultTimeout((float)Deadline.Default.TotalMilliseconds);
        return context;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}
