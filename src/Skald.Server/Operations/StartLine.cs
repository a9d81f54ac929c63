using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Skald.Server.Operations;

/// <summary>The last line of a start: where to go now.</summary>
internal sealed partial class StartLine(IServer server, ILogger<StartLine> logger) : IHostedLifecycleService
{
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var listening = server.Features.Get<IServerAddressesFeature>()?.Addresses.Select(BindingAddress.Parse).ToArray() ?? [];
        if ((Array.Find(listening, one => one.Scheme == "https") ?? listening.FirstOrDefault()) is { } address)
            Log.Ready(logger, ForPeople(address));
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>All addresses of a machine are no address that a browser can open; this machine's own is.</summary>
    private static string ForPeople(BindingAddress address) =>
        address.IsUnixPipe || address.Host is not ("*" or "+" or "0.0.0.0" or "[::]")
            ? address.ToString()
            : $"{address.Scheme}://localhost:{address.Port}";

    private static partial class Log
    {
        [LoggerMessage(106, LogLevel.Information, "Ready: open {Address} in a browser")]
        public static partial void Ready(ILogger logger, string address);
    }
}
