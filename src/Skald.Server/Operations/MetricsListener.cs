using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using Skald.Server.Limits;

namespace Skald.Server.Operations;

/// <summary>The operator's own port: <c>/metrics</c>, and <c>/healthz</c> with what strangers need not know .</summary>
/// <remarks>
/// A web server apart from the public one, so that neither can serve the other's addresses, whatever <c>Urls</c>, Kestrel's endpoints or
/// the application around us say.
/// </remarks>
internal sealed partial class MetricsListener(
    IOptions<MetricsOptions> options, IServiceProvider services, Readiness readiness, WeakSettings weak, Libraries libraries,
    ILoggerFactory loggers, ILogger<MetricsListener> logger)
    : IHostedService, IHttpApplication<HttpContext>, IDisposable
{
    private const string Setting = "Metrics:Listen";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,   // read by people, in a terminal
    };

    private MetricsText? _metrics;
    private KestrelServer? _server;

    /// <summary>Where it listens; null while it does not.</summary>
    public Uri? Address { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Listen is not { Length: > 0 } listen)
            return;
        try
        {
            var address = BindingAddress.Parse(listen);
            if (address.Scheme != "http" || address.PathBase.Length > 0)
                throw new FormatException("it must be http://ADDRESS:PORT");
            _metrics = ActivatorUtilities.CreateInstance<MetricsText>(services);
            _server = Listener(listen);
            await _server.StartAsync(this, cancellationToken);
            if (ListenAddress.IsOpen(address))
                weak.Report(Setting, $"{listen} can be reached from other machines, and asks nobody who they are. Let it listen on a loopback or private address");
        }
        catch (IOException e) when (e.InnerException is AddressInUseException && options.Value.IsDefault)
        {
            Log.Taken(logger, listen);
            return;
        }
        catch (Exception e) when (e is IOException or SocketException or FormatException or ArgumentException or InvalidOperationException)
        {
            throw new StartupRefusedException($"Metrics cannot be served at {listen}: {e.Message.TrimEnd('.')}. Choose another address with {Setting}, or leave it empty to have none.", e);
        }

        Address = new Uri(_server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());
        Log.Listening(logger, Address);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _server?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public void Dispose()
    {
        _server?.Dispose();
        _metrics?.Dispose();
    }

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public Task ProcessRequestAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers.CacheControl = "no-store";
        switch (request.Path.Value)
        {
            case "/metrics" when HttpMethods.IsGet(request.Method):
                response.ContentType = MetricsText.ContentType;
                return response.WriteAsync(_metrics!.Read());
            case "/healthz" when HttpMethods.IsGet(request.Method):
                response.ContentType = "application/json";
                return response.WriteAsync(JsonSerializer.Serialize(Health(), Json));
            default:
                response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
        }
    }

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    private HealthDetails Health() => new(
        "ok",
        readiness.Word,
        typeof(MetricsListener).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
        RuntimeInformation.FrameworkDescription,
        libraries.Versions,
        weak.All);

    private KestrelServer Listener(string address)
    {
        var kestrel = new KestrelServerOptions { ApplicationServices = services };
        WebServerLimits.Apply(kestrel);
        var server = new KestrelServer(
            Options.Create(kestrel),
            new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers),
            loggers);
        server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Add(address);
        return server;
    }

    /// <param name="Status">A word: the process answers.</param>
    /// <param name="Readiness">As <c>/readyz</c>.</param>
    /// <param name="Libraries">The native ones, with their versions.</param>
    /// <param name="WeakSettings">What makes this server weaker than it ships.</param>
    private sealed record HealthDetails(
        string Status,
        string Readiness,
        string Version,
        string Runtime,
        IReadOnlyDictionary<string, string> Libraries,
        IReadOnlyList<WeakSetting> WeakSettings);

    private static partial class Log
    {
        [LoggerMessage(103, LogLevel.Information, "Metrics at {Address}metrics")]
        public static partial void Listening(ILogger logger, Uri address);

        [LoggerMessage(105, LogLevel.Warning, "No metrics: {Address} is in use, by another Skald perhaps. Give this one an address of its own with Metrics:Listen, or leave that empty")]
        public static partial void Taken(ILogger logger, string address);
    }
}
