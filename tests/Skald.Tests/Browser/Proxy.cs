using System.Net.Sockets;
using System.Text;

namespace Skald.Tests.Browser;

/// <summary>What a reverse proxy does to requests, as people set them up: below a path of its own, or not passing WebSockets on.</summary>
/// <param name="Path">The path below which it serves the server's root; everything else is 404.</param>
/// <param name="PassesUpgrades">Whether it passes <c>Upgrade</c> on. Many do not unless they are told to.</param>
/// <param name="SaysPath">Whether it says which path it has taken off: <c>X-Forwarded-Prefix</c>.</param>
internal sealed record Proxy(string Path = "/", bool PassesUpgrades = true, bool SaysPath = false)
{
    /// <summary>Passes a request's head on, rewritten, with what came after it; each connection carries one request.</summary>
    /// <returns>Whether there is more to pass; else the browser has its answer.</returns>
    public async Task<bool> PassHeadAsync(NetworkStream browser, NetworkStream server, CancellationToken ct)
    {
        var (head, body) = await ReadHeadAsync(browser, ct);
        if (Rewrite(head) is not { } rewritten)
        {
            await browser.WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), ct);
            return false;
        }

        await server.WriteAsync(Encoding.Latin1.GetBytes(rewritten), ct);
        await server.WriteAsync(body, ct);
        return true;
    }

    private string? Rewrite(string head)
    {
        var lines = head.Split("\r\n");
        var request = lines[0].Split(' ');
        if (!request[1].StartsWith(Path, StringComparison.Ordinal))
            return null;
        var upgrades = PassesUpgrades && lines.Any(line => line.StartsWith("Upgrade:", StringComparison.OrdinalIgnoreCase));
        var kept = lines.Skip(1).Where(line => upgrades
            || !(line.StartsWith("Upgrade:", StringComparison.OrdinalIgnoreCase)
                || line.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase)));
        string[] closing = upgrades ? [] : ["Connection: close"];
        string[] prefix = SaysPath ? [$"X-Forwarded-Prefix: {Path.TrimEnd('/')}"] : [];
        return string.Join("\r\n", [$"{request[0]} /{request[1][Path.Length..]} {request[2]}", .. closing, .. prefix, .. kept, "", ""]);
    }

    private static async Task<(string Head, byte[] Body)> ReadHeadAsync(NetworkStream stream, CancellationToken ct)
    {
        var buffer = new byte[64 * 1024];
        for (var length = 0; ;)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), ct);
            if (read == 0)
                throw new IOException("The browser has gone.");
            length += read;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
                return (Encoding.Latin1.GetString(buffer, 0, end), buffer[(end + 4)..length]);
        }
    }
}
