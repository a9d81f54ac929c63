using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Skald.Server;

namespace Skald.Tests.Harness;

/// <summary>
/// The real server in this process: Kestrel on a free port, SQLite in a directory of its own on a real disk, or PostgreSQL
/// (<see cref="TestEngine"/>).
/// </summary>
/// <remarks>
/// Rates and counts are off unless a test asks for them, and passwords are hashed quickly; everything else is as shipped.
/// </remarks>
internal sealed class SkaldServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly bool _ownsData;

    private SkaldServer(WebApplication app, string data, bool ownsData)
    {
        (_app, Data, _ownsData) = (app, data, ownsData);
        Http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = TestCertificate.Accept } })
        {
            BaseAddress = new Uri(app.Urls.Single()),
        };
    }

    public string Data { get; }

    public HttpClient Http { get; }

    public Uri Address => Http.BaseAddress!;

    public IServiceProvider Services => _app.Services;

    public CapturedLog Log { get; private init; } = new();

    /// <param name="settings">As <c>("Limits:FrameBytes", "1024")</c>; over the harness's own.</param>
    /// <param name="clock">The server's time, where the test owns it.</param>
    /// <param name="data">The directory of an earlier server, to start again on.</param>
    /// <param name="configure">What only a test may do to the server: the switches of negative controls.</param>
    /// <param name="certificate">Serves TLS with it.</param>
    /// <param name="embedded">Serves in somebody's own application, below a prefix that it takes every address for.</param>
    public static async Task<SkaldServer> StartAsync(
        IEnumerable<(string Key, string Value)>? settings = null,
        TimeProvider? clock = null,
        string? data = null,
        Action<IServiceCollection>? configure = null,
        X509Certificate2? certificate = null,
        bool embedded = false)
    {
        var directory = data ?? TestData.NewDirectory();
        var log = new CapturedLog();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(
        [
            new("Urls", "http://127.0.0.1:0"),
            new("Data", directory),
            new("Accounts:PasswordIterations", "1000"),
            new("Limits:Enabled", "false"),
        ]);
        builder.Configuration.AddInMemoryCollection(await TestEngine.SettingsAsync(directory));
        builder.Configuration.AddInMemoryCollection(
            (settings ?? []).Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(log);
        if (certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration()
                .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.UseHttps(certificate)));
        if (embedded)
            builder.AddSkald();
        else
            builder.AddStandAlone();
        if (clock is not null)
            builder.Services.AddSingleton(clock);
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        try
        {
            if (embedded)
                MapBelowPrefix(app);
            else
                app.MapStandAlone();
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new SkaldServer(app, directory, ownsData: data is null) { Log = log };
    }

    private static void MapBelowPrefix(WebApplication app)
    {
        const string Prefix = "/chat";
        app.Use((context, next) =>
        {
            context.Request.Path = Prefix + context.Request.Path;
            return next(context);
        });
        app.UseRouting();
        app.MapSkald(Prefix);
    }

    /// <summary>Registers a user and logs in.</summary>
    public async Task<TestUser> RegisterAsync(string username, string password = "12345678")
    {
        using var registered = await Http.PostAsJsonAsync("/api/register/", new { username, password });
        registered.EnsureSuccessStatusCode();
        return await LoginAsync(username, password);
    }

    public async Task<TestUser> LoginAsync(string username, string password = "12345678")
    {
        using var response = await Http.PostAsJsonAsync("/api/login/", new { username, password });
        response.EnsureSuccessStatusCode();
        var tokens = await response.Content.ReadFromJsonAsync<JsonElement>();
        return new TestUser(this, username, tokens.GetProperty("access").GetString()!, tokens.GetProperty("refresh").GetString()!);
    }

    /// <summary>An address of a socket here: <c>/ws/?token=…</c></summary>
    public Uri SocketAddress(string pathAndQuery) =>
        new($"{(Address.Scheme == "https" ? "wss" : "ws")}://{Address.Authority}{pathAndQuery}");

    /// <summary>Stops as SIGTERM does; the data stays for the next server.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        if (!_ownsData)
            return;
        await TestEngine.ForgetAsync(Data);
        Directory.Delete(Data, recursive: true);
    }
}
