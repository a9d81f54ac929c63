using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace Skald.Tests.Browser;

/// <summary>What a page must never do: throw where nobody catches, open a dialog, break its own security policy.</summary>
internal sealed class PageFaults
{
    /// <summary>How a fault against the page's policy begins; the directive follows.</summary>
    public const string Violation = "Policy violated: ";

    private readonly ConcurrentQueue<string> _faults = new();
    private readonly ConcurrentQueue<string> _consoleErrors = new();

    private PageFaults()
    {
    }

    /// <summary>Errors in the console; a lost connection leaves some, so they are faults only where a test says so.</summary>
    public IReadOnlyCollection<string> ConsoleErrors => _consoleErrors;

    public static async Task<PageFaults> WatchAsync(IPage page)
    {
        var faults = new PageFaults();
        page.PageError += (_, error) => faults._faults.Enqueue($"Uncaught: {error}");
        page.Dialog += (_, dialog) =>
        {
            faults._faults.Enqueue($"Dialog: {dialog.Message}");
            _ = dialog.DismissAsync();
        };
        page.Console += (_, message) => faults.OnConsole(message);
        await page.AddInitScriptAsync(
            $$"""
            addEventListener('securitypolicyviolation', e =>
                console.error(`{{Violation}}${e.effectiveDirective} ${e.blockedURI} ${e.sample}`))
            """);
        return faults;
    }

    /// <summary>The faults so far; they are forgotten.</summary>
    public IReadOnlyList<string> Take()
    {
        var taken = _faults.ToArray();
        _faults.Clear();
        return taken;
    }

    private void OnConsole(IConsoleMessage message)
    {
        if (!string.Equals(message.Type, "error", StringComparison.Ordinal))
            return;
        if (message.Text.StartsWith(Violation, StringComparison.Ordinal))
            _faults.Enqueue(message.Text);
        _consoleErrors.Enqueue(message.Text);
    }
}
