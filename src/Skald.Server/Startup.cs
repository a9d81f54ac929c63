using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Cluster;
using Skald.Server.Http;
using Skald.Server.Limits;
using Skald.Server.Operations;
using Skald.Server.Rooms;
using Skald.Server.Settings;

namespace Skald.Server;

/// <summary>
/// The beginning of a node: the storage opens or refuses, the pipeline runs, the rooms that are always there are made. Then it is
/// ready.
/// </summary>
internal sealed class Startup(
    RoomDirectory rooms,
    MessagePipeline pipeline,
    SessionLifecycle sessions,
    IAnnouncements announcements,
    Readiness readiness,
    IOptions<LimitsOptions> limits,
    IEnumerable<SettingsInForce> settings,
    IOptions<ProxyOptions> proxies,
    IServer server,
    ILoggerFactory loggers,
    WeakSettings weak)
    : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        sessions.EndedHere += announcements.Look;
        await pipeline.StartAsync();   // first: what is stored after a room was read is announced
        await rooms.CreateGlobalAsync();
        ReportWeakLimits();
        ReportLoggedAddresses();
        readiness.TakeBack(NotReadyReasons.Starting);
    }

    /// <remarks>Only now does Kestrel know its addresses.</remarks>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var open = server.Features.Get<IServerAddressesFeature>()?.Addresses
            .Where(address => BindingAddress.Parse(address) is { Scheme: "http" } http && ListenAddress.IsOpen(http)) ?? [];
        if (proxies.Value.Trusted.Count == 0)
        {
            foreach (var address in open)
                weak.Report("Urls", $"{address} is open to the network without TLS: passwords and tokens can be read on the way. Put a proxy with TLS before it and set TrustedProxies, or configure Kestrel's certificate");
        }

        if (proxies.Value.TrustsEverybody)
            weak.Report(
                ProxyOptions.Setting,
                "whoever connects is believed about whose address it is, so limits by address hold nobody. List the proxies only");
        return Task.CompletedTask;
    }

    /// <remarks>The program keeps this log quiet itself; in another application it is not ours to change.</remarks>
    private void ReportLoggedAddresses()
    {
        const string RequestLog = "Microsoft.AspNetCore.Hosting.Diagnostics";
        if (loggers.CreateLogger(RequestLog).IsEnabled(LogLevel.Information))
        {
            weak.Report(
                $"Logging:LogLevel:{RequestLog}",
                "each request is logged with its address, and that of a socket may carry a token. Set it to Warning, or let clients open sockets with tickets");
        }
    }

    private void ReportWeakLimits()
    {
        if (!limits.Value.Enabled)
        {
            weak.Report("Limits:Enabled", "no rate and no count is limited. For load tests only");
            return;
        }

        foreach (var (setting, value) in settings.SelectMany(section => section.All))
        {
            if (OffAtZeroAttribute.IsOff(setting.Property, value))
                weak.Report(setting.Key, "0 is no limit: one client can take all there is of it");
        }
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
