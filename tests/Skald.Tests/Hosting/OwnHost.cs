using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Skald.Server;
using Skald.Tests.Harness;

namespace Skald.Tests.Hosting;

/// <summary>A running application of such a shape, with Skald in it or without.</summary>
internal sealed class OwnHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HostShape _shape;
    private readonly string _data;

    private OwnHost(WebApplication app, HostShape shape, string data, CapturedLog log)
    {
        (_app, _shape, _data, Log) = (app, shape, data, log);
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Http { get; }

    public CapturedLog Log { get; }

    public static async Task<OwnHost> StartAsync(HostShape shape, bool withSkald, Action<IServiceCollection>? configure = null)
    {
        var (data, log) = (TestData.NewDirectory(), new CapturedLog());
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Configuration.AddInMemoryCollection(
            [new("Urls", "http://127.0.0.1:0"), new("Data", data), new("Accounts:PasswordIterations", "1000")]);
        builder.Logging.ClearProviders().AddProvider(log);
        shape.Services?.Invoke(builder);
        if (withSkald)
            builder.AddSkald();
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        shape.Pipeline(app, endpoints =>
        {
            if (withSkald)
                endpoints.MapSkald(shape.Prefix);
        });
        await app.StartAsync();
        return new OwnHost(app, shape, data, log);
    }

    public Task<HttpResponseMessage> GetAsync(string path, string? access = null) => SendAsync(HttpMethod.Get, path, null, access);

    public Task<HttpResponseMessage> PostAsync(string path, object body, string? access = null) =>
        SendAsync(HttpMethod.Post, path, body, access);

    public Uri SocketAddress(string pathAndQuery) => new($"ws://{Http.BaseAddress!.Authority}{_shape.Base}{pathAndQuery}");

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body, string? access)
    {
        using var request = new HttpRequestMessage(method, _shape.Base + path) { Content = body is null ? null : JsonContent.Create(body) };
        if (access is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", access);
        return await Http.SendAsync(request);
    }
}
