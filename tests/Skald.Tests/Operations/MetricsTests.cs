using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Operations;

/// <summary>What an operator sees of a running server, and where.</summary>
public sealed partial class MetricsTests
{
    [Fact]
    public async Task What_happens_to_messages_and_sockets_is_counted()
    {
        await using var server = await SkaldServer.StartAsync([Scrape.On]);
        var ann = await server.RegisterAsync("ann");
        await using var first = await ann.JoinAsync("global", "lobby");
        await using var second = await ann.JoinAsync("global");
        await using var sender = await ann.ConnectAsync();

        await sender.SayAsync("global", "Hello", "12345678");
        await sender.ExpectAsync("ack");
        await Task.WhenAll(first.ReceiveMessagesAsync(1), second.ReceiveMessagesAsync(1));
        await sender.SayAsync("global", "Hello", "12345678");
        await sender.ExpectAsync("ack");
        (await ann.PublishAsync("nobody-listens", "Hello")).Dispose();
        await sender.SayAsync("global", "");
        await sender.ExpectErrorAsync("empty_message");
        await using (var broken = await ann.ConnectAsync())
        {
            await broken.SendTextAsync("no JSON");
            Assert.Equal(4400, await broken.ExpectCloseAsync());
        }

        await using (var polite = await ann.ConnectAsync())
            await polite.CloseAsync();
        var metrics = await server.MetricsWhenAsync(
            m => m["skald_connections"] == 3 && m["skald_acks_total"] == 3 && m["skald_deliveries_total"] == 2
                && m.GetValueOrDefault("skald_closes_total{skald_close_code=\"none\"}") == 1);

        Assert.Equal(2, metrics["skald_sends_total{skald_result=\"stored\"}"]);
        Assert.Equal(1, metrics["skald_sends_total{skald_result=\"duplicate\"}"]);
        Assert.Equal(3, metrics["skald_acks_total"]);
        Assert.Equal(2, metrics["skald_deliveries_total"]);   // one message to two readers
        Assert.Equal(2, metrics["skald_rooms_live"]);
        Assert.Equal(1, metrics["skald_refusals_total{error_type=\"empty_message\"}"]);
        Assert.Equal(1, metrics["skald_refusals_total{error_type=\"malformed\"}"]);
        Assert.Equal(1, metrics["skald_closes_total{skald_close_code=\"4400\"}"]);
        Assert.Equal(3, metrics["skald_commit_duration_seconds_count"]);
        Assert.Equal(3, metrics["skald_commit_messages_sum"]);
        Assert.Equal(3, metrics["skald_commit_messages_bucket{le=\"1\"}"]);
        Assert.InRange(metrics["skald_commit_duration_seconds_sum"], 0.000_001, 20);
        Assert.Equal(
            (0, 0, 0),
            (metrics["skald_log_queued"], metrics["skald_password_hashes_waiting"], metrics["skald_password_hashes_running"]));
        Assert.Equal((0, 1), (metrics["skald_errors_total"], metrics["skald_ready"]));
        Assert.InRange(metrics["skald_wal_size_bytes"], 1, 100_000_000);
        Assert.InRange(metrics["skald_disk_free_bytes"], 1, double.MaxValue);
        Assert.InRange(metrics["dotnet_process_memory_working_set_bytes"], 1_000_000, double.MaxValue);
        Assert.Contains(
            metrics.Keys,
            name =>
                name.StartsWith("http_server_request_duration_seconds_count{", StringComparison.Ordinal)
                    && name.Contains("http_route=\"/api/login\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Sends_that_are_refused_and_errors_that_are_logged_are_counted()
    {
        using var data = new TestDirectory();
        await using var server = await SkaldServer.StartAsync(
            [Scrape.On, ("Limits:Enabled", "true"), ("Limits:MessagesPerUser", "1")],
            data: data.Path);
        var ann = await server.RegisterAsync("ann");
        HttpStatusCode status;
        do
            status = (await ann.PublishAsync("global", "Hello")).StatusCode;
        while (status == HttpStatusCode.Created);
        await using (var shell = data.Connect())
        {
            await using var drop = shell.CreateCommand();
            drop.CommandText = "ALTER TABLE messages RENAME COLUMN body TO text";
            await drop.ExecuteNonQueryAsync();
        }

        var bob = await BobAsync();
        (await bob.PublishAsync("global", "Hello")).Dispose();
        var metrics = await server.MetricsAsync();

        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        Assert.Equal(1, metrics["skald_sends_total{skald_result=\"rate_limited\"}"]);
        Assert.Equal(1, metrics["skald_sends_total{skald_result=\"server_error\"}"]);
        Assert.Equal(server.Log.Lines.Count(line => line.StartsWith("Error", StringComparison.Ordinal)), metrics["skald_errors_total"]);
        Assert.InRange(metrics["skald_errors_total"], 1, 10);

        async Task<TestUser> BobAsync()
        {
            using var registered = await server.Http.PostAsJsonAsync("/api/register/", new { username = "bob", password = "12345678" });
            return await server.LoginAsync("bob");
        }
    }

    [Fact]
    public async Task Labels_do_not_grow_with_users_and_rooms()
    {
        await using var server = await SkaldServer.StartAsync([Scrape.On]);
        await UseAsync("ann", "first");
        var before = (await server.MetricsWhenAsync(m => m.ContainsKey("skald_thread_pool_delay_seconds_count")))
            .Keys.ToHashSet(StringComparer.Ordinal);

        var bob = await UseAsync("bob", "second");
        for (var i = 0; i < 200; i++)
            (await bob.PublishAsync($"room-{i}", "Hello")).Dispose();
        for (var i = 0; i < 20; i++)
            (await bob.SendAsync(HttpMethod.Get, $"/nowhere/{i}")).Dispose();
        (await bob.SendAsync(new HttpMethod("BREW"), "/nowhere/")).Dispose();

        var added = (await server.MetricsAsync()).Keys.Except(before)
            .Where(name => !name.StartsWith("dotnet_", StringComparison.Ordinal)).ToArray();   // those of the whole process
        Assert.All(added, name => Assert.StartsWith("http_server_", name, StringComparison.Ordinal));
        Assert.All(added, name => Assert.DoesNotMatch("room-|nowhere|BREW|bob", name));
        Assert.InRange(added.Length, 0, 80);   // two new statuses, in a histogram

        async Task<TestUser> UseAsync(string name, string room)
        {
            var user = await server.RegisterAsync(name);
            await using var socket = await user.JoinAsync(room);
            await socket.SayAsync(room, "Hello", "12345678");
            await socket.ReceiveMessagesAsync(1);
            await socket.SayAsync(room, "Hello", "12345678");
            (await user.PublishAsync(room, "Hello")).Dispose();
            await socket.CloseAsync();
            await Deadline.UntilAsync(() => server.Services.CountSockets() == 0, "the socket is gone");
            return user;
        }
    }

    /// <summary>What is the operator's is on the operator's port, and nothing else is.</summary>
    [Fact]
    [Attack("A-54")]
    public async Task The_public_port_shows_no_metrics_and_the_operators_port_nothing_else()
    {
        await using var server = await SkaldServer.StartAsync([Scrape.On]);
        var ann = await server.RegisterAsync("ann");
        var own = server.OperatorAddress();

        foreach (var path in new[]
        {
            "/metrics", "/metrics/", "/METRICS", "/Metrics?x", "//metrics", "/api/metrics", "/admin", "/admin/",
            "/debug/pprof/", "/healthz/details", "/status", "/info", "/actuator",
        })
        {
            var answer = await RawHttp.AskAsync(server.Address, $"GET {path}", $"Authorization: Bearer {ann.Access}");
            Assert.Equal((path, 404), (path, answer.Status));
            using var spoofed = await RawHttp.OpenAsync(server.Address);
            Assert.Equal((path, 404), (path, (await spoofed.AskAsync(own, $"GET {path}", [], "")).Status));   // with the other port's Host
        }

        Assert.Equal("""{"status":"ok"}""", await server.Http.GetStringAsync("/healthz"));
        foreach (var path in new[]
        {
            "/", "/metrics/", "/api/me/", "/api/login/", "/ws/", "/docs/", "/openapi/v1.json", "/readyz", "/index.html",
        })
            Assert.Equal((path, 404), (path, (await RawHttp.AskAsync(own, $"GET {path}", $"Authorization: Bearer {ann.Access}")).Status));
        Assert.Equal(404, (await RawHttp.AskAsync(own, "POST /metrics", "Content-Length: 0")).Status);
        Assert.Equal(404, (await RawHttp.HandshakeAsync(own, $"/ws/?token={ann.Access}")).Status);
    }

    [Fact]
    public async Task Without_the_setting_nothing_listens()
    {
        await using var server = await SkaldServer.StartAsync();

        Assert.Null(server.OperatorAddress());
    }

    [Fact]
    public async Task Port_that_is_taken_is_refused_by_the_name_of_the_setting()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        var refusal = await Assert.ThrowsAsync<StartupRefusedException>(
            () => SkaldServer.StartAsync([("Metrics:Listen", $"http://{taken.LocalEndpoint}")]));

        Assert.Contains("Metrics:Listen", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"{taken.LocalEndpoint}", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("in use", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("9464")]
    [InlineData("127.0.0.1:9464")]
    [InlineData("https://127.0.0.1:0")]
    [InlineData("http://127.0.0.1:0/metrics")]
    [InlineData("http://192.0.2.1:9464")]
    [InlineData("http://localhost:0")]
    public async Task Address_that_cannot_be_is_refused_by_the_name_of_the_setting(string address)
    {
        var refusal = await Assert.ThrowsAsync<StartupRefusedException>(() => SkaldServer.StartAsync([("Metrics:Listen", address)]));

        Assert.Contains("Metrics:Listen", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(address, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_line_is_as_Prometheus_reads_it()
    {
        await using var server = await SkaldServer.StartAsync([Scrape.On]);
        (await server.RegisterAsync("ann")).ToString();
        using var response = await server.Http.GetAsync(new Uri(server.OperatorAddress(), "/metrics"));

        var lines = (await response.Content.ReadAsStringAsync()).Split('\n');

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Empty(lines[^1]);
        Assert.Empty(lines[..^1].Where(line => !Line().IsMatch(line)));
        var types = lines.Where(line => line.StartsWith("# TYPE", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]).ToArray();
        Assert.Equal(types.Distinct(StringComparer.Ordinal), types);   // each family once
    }

    [Fact]
    public async Task Prometheus_has_nothing_to_say_against_the_names()
    {
        await using var server = await SkaldServer.StartAsync([Scrape.On]);
        (await server.RegisterAsync("ann")).ToString();

        Assert.Equal((0, ""), await Promtool.JudgeAsync(await server.MetricsTextAsync(), "check", "metrics"));
    }

    [Theory]
    [InlineData("skald.commit.duration", "s", "histogram", "skald_commit_duration_seconds")]
    [InlineData("skald.sends", "{send}", "counter", "skald_sends_total")]
    [InlineData("skald.connections", "{connection}", "gauge", "skald_connections")]
    [InlineData("skald.wal.size", "By", "gauge", "skald_wal_size_bytes")]
    [InlineData("skald.ready", null, "gauge", "skald_ready")]
    [InlineData("load", "1", "gauge", "load_ratio")]
    [InlineData("dotnet.timer.count", "{timer}", "gauge", "dotnet_timer")]
    [InlineData("dotnet.thread_pool.work_item.count", "{work_item}", "counter", "dotnet_thread_pool_work_item_count_total")]
    public void Names_follow_OpenTelemetrys_rules_for_Prometheus(string name, string? unit, string type, string expected) =>
        Assert.Equal(expected, MetricFamily.NameOf(name, unit, type));

    [Fact]
    public void Values_are_summed_set_and_put_into_buckets_and_labels_are_escaped()
    {
        using var meter = new Meter("test");
        var family = new MetricFamily(meter.CreateCounter<long>("sends"));
        family.Record(1, [new("result", "a\\b\"c\nd")]);
        family.Record(2, [new("result", "a\\b\"c\nd")]);
        family.Record(4, [new("result", "other"), new("some.flag", true), new("status", 200)]);
        Assert.Equal("# HELP sends_total \n# TYPE sends_total counter\nsends_total{result=\"a\\\\b\\\"c\\nd\"} 3\nsends_total{result=\"other\",some_flag=\"true\",status=\"200\"} 4\n", Text(family));

        family = new MetricFamily(meter.CreateGauge<double>("height", "By", "How\nhigh"));
        family.Record(1, []);
        family.Record(0.5, []);
        Assert.Equal("# HELP height_bytes How high\n# TYPE height_bytes gauge\nheight_bytes 0.5\n", Text(family));

        family = new MetricFamily(
            meter.CreateHistogram("time", "s", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] }));
        foreach (var value in new[] { 0.05, 0.1, 0.5, 7 })
            family.Record(value, []);
        Assert.EndsWith(
            "time_seconds_bucket{le=\"0.1\"} 2\ntime_seconds_bucket{le=\"1\"} 3\ntime_seconds_bucket{le=\"+Inf\"} 4\ntime_seconds_sum 7.65\ntime_seconds_count 4\n",
            Text(family),
            StringComparison.Ordinal);

        static string Text(MetricFamily family)
        {
            var text = new StringBuilder();
            family.Write(text);
            return text.ToString();
        }
    }

    [Fact]
    public void Counting_allocates_nothing_once_a_series_is_known()
    {
        using var meter = new Meter("test");
        var family = new MetricFamily(meter.CreateCounter<long>("sends"));
        var tag = new KeyValuePair<string, object?>("skald.result", "stored");
        family.Record(1, [tag]);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 1_000; i++)
            family.Record(1, new ReadOnlySpan<KeyValuePair<string, object?>>(in tag));

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [GeneratedRegex(
        """^(# (HELP|TYPE) [a-z_0-9]+ .*|[a-z_0-9]+(\{([a-z_]+="([^"\\]|\\.)*",?)+\})? (-?[0-9.]+(E[+-]?[0-9]+)?|NaN|[+-]Inf))$""")]
    private static partial Regex Line();
}
