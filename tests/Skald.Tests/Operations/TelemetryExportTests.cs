using System.Net.Http.Headers;
using System.Net.Http.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Operations;

/// <summary>Metrics and traces of the program, sent to a collector by the standard's own settings.</summary>
public sealed class TelemetryExportTests
{
    private const string Metrics = "/v1/metrics", Traces = "/v1/traces";
    private const string Text = "a-message-nobody-else-may-read";

    [Fact]
    public async Task Metrics_and_the_trace_of_a_message_arrive_at_the_collector()
    {
        using var data = new TestDirectory();
        await using var collector = await OtlpReceiver.StartAsync();
        await using var server = await StartAsync(
            data,
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Endpoint),
            ("OTEL_SERVICE_NAME", "our-chat"));

        var token = await SendAsync(server);
        await Deadline.UntilAsync(
            () => collector.Has(Traces, "exported-room") && collector.Has(Metrics, "skald.sends"),
            "metrics and a trace arrive");
        Assert.Equal(0, await server.StopAsync());

        foreach (var name in new[]
        {
            "skald.connections", "skald.commit.duration", "skald.wal.size", "dotnet.process.memory.working_set",
            "http.server.request.duration",
        })
            Assert.True(collector.Has(Metrics, name), name);
        foreach (var span in new[] { "message", "append", "deliver" })
            Assert.True(collector.Has(Traces, span), span);
        Assert.All([Metrics, Traces], path => Assert.True(collector.Has(path, "our-chat")));
        foreach (var secret in new[] { Text, token, token.Split('.')[2], "12345678" })
            Assert.All([Metrics, Traces], path => Assert.False(collector.Has(path, secret)));
        Assert.DoesNotContain("/v1/logs", collector.Paths);
    }

    [Fact]
    public async Task Nothing_is_traced_that_the_sampler_leaves_out()
    {
        using var data = new TestDirectory();
        await using var collector = await OtlpReceiver.StartAsync();
        await using var server = await StartAsync(
            data,
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Endpoint),
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0"));

        await SendAsync(server);
        await Deadline.UntilAsync(() => collector.Has(Metrics, "skald.sends"), "metrics arrive");
        await server.StopAsync();   // which would send what was left

        Assert.DoesNotContain(Traces, collector.Paths);
    }

    [Fact]
    public async Task One_of_the_two_alone_can_be_sent()
    {
        using var data = new TestDirectory();
        await using var collector = await OtlpReceiver.StartAsync();
        await using var server = await StartAsync(data, ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.Endpoint + Traces));

        await SendAsync(server);
        await Deadline.UntilAsync(() => collector.Has(Traces, "exported-room"), "a trace arrives");
        await server.StopAsync();

        Assert.DoesNotContain(Metrics, collector.Paths);
    }

    private static Task<SkaldProcess> StartAsync(TestDirectory data, params (string Name, string Value)[] environment) =>
        SkaldProcess.StartAsync(data.Path,
        [
            "env", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_METRIC_EXPORT_INTERVAL=200", "OTEL_BSP_SCHEDULE_DELAY=100",
            .. environment.Select(variable => $"{variable.Name}={variable.Value}"),
        ]);

    /// <returns>The token it was sent with.</returns>
    private static async Task<string> SendAsync(SkaldProcess server)
    {
        var token = await server.SignInAsync("ann");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/rooms/exported-room/messages/?token={token}")
        {
            Content = JsonContent.Create(new { message = Text }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        (await server.Http.SendAsync(request)).EnsureSuccessStatusCode().Dispose();
        return token;
    }
}
