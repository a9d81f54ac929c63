using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Operations;

/// <summary>A setting that weakens the server is never on in silence.</summary>
[Attack("A-29")]
public sealed class WeakSettingTests
{
    [Theory]
    [InlineData("Limits:Enabled", "false")]
    [InlineData("Accounts:PasswordIterations", "599999")]
    [InlineData("Accounts:PasswordMinLength", "7")]
    [InlineData("Urls", "http://0.0.0.0:0")]
    [InlineData("Urls", "http://[::]:0")]
    [InlineData("Metrics:Listen", "http://0.0.0.0:0")]
    [InlineData("TrustedProxies", "0.0.0.0/0", ":0")]
    [InlineData("TrustedProxies", "::/0", ":0")]
    [InlineData("Limits:RoomsPerConnection", "0")]
    [InlineData("Limits:CommandsPerConnection", "0")]
    [InlineData("Limits:MessagesPerUser", "0")]
    [InlineData("Limits:MessagesPerRoom", "0")]
    [InlineData("Limits:EditsPerMessagePerMinute", "0")]
    [InlineData("Limits:NewRoomsPerUserPerMinute", "0")]
    [InlineData("Limits:BytesPerConnection", "0")]
    [InlineData("Limits:MessagesBehind", "0")]
    [InlineData("Limits:BytesBehind", "0")]
    [InlineData("Limits:ConnectionsPerUser", "0")]
    [InlineData("Limits:HistoryRequestsPerUser", "0")]
    [InlineData("Limits:ConnectionsPerAddress", "0")]
    [InlineData("Limits:RequestConnectionsPerAddress", "0")]
    [InlineData("Limits:Handshakes", "0")]
    [InlineData("Limits:HandshakesPerAddress", "0")]
    [InlineData("Limits:LoginFailures", "0")]
    [InlineData("Limits:LoginsPerAddressPerMinute", "0")]
    [InlineData("Limits:RegistersPerAddressPerSecond", "0")]
    public async Task Weak_setting_is_said_at_start_and_each_hour_and_shows_in_health_and_metrics(
        string setting, string value, string index = "")
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(With(setting + index, value), clock: clock);

        Assert.Equal([setting], Said(server));
        clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal([setting], Said(server));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([setting, setting], Said(server));
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal([setting, setting, setting, setting], Said(server));

        var own = server.OperatorAddress();
        var health = await server.Http.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{own.Port}/healthz");
        Assert.Equal("ready", health.GetProperty("readiness").GetString());
        var weak = Assert.Single(health.GetProperty("weak_settings").EnumerateArray());
        Assert.Equal(setting, weak.GetProperty("setting").GetString());
        Assert.NotEmpty(weak.GetProperty("why").GetString()!);
        Assert.Equal(1, Scrape.Parse(await server.Http.GetStringAsync($"http://127.0.0.1:{own.Port}/metrics"))["skald_weak_settings"]);
        // What is weak here is nobody's business outside.
        Assert.Equal("""{"status":"ok"}""", await server.Http.GetStringAsync($"http://127.0.0.1:{server.Address.Port}/healthz"));
    }

    [Fact]
    public async Task Server_as_it_ships_has_none()
    {
        var clock = new FakeClock();
        await using var server = await SkaldServer.StartAsync(With("Limits:Enabled", "true"), clock: clock);
        clock.Advance(TimeSpan.FromHours(1));

        Assert.Empty(Said(server));
        Assert.Equal(0, (await server.MetricsAsync())["skald_weak_settings"]);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8000", false)]
    [InlineData("http://127.8.9.1:8000", false)]
    [InlineData("http://[::1]:8000", false)]
    [InlineData("http://LOCALHOST:8000", false)]
    [InlineData("http://unix:/run/skald.sock", false)]
    [InlineData("http://*:8000", true)]
    [InlineData("http://0.0.0.0:8000", true)]
    [InlineData("http://[::]:8000", true)]
    [InlineData("http://10.0.0.1:8000", true)]
    [InlineData("http://chat.example:8000", true)]
    public void Address_is_open_unless_it_is_of_this_machine_alone(string address, bool open) =>
        Assert.Equal(open, ListenAddress.IsOpen(BindingAddress.Parse(address)));

    /// <summary>Limits of every owner; a bound of memory is as weak at 0 as a rate.</summary>
    [Theory]
    [InlineData("Limits:MessagesPerRoom", "0")]
    [InlineData("Limits:NewRoomsPerUserPerMinute", "0")]
    [InlineData("Limits:LoginFailures", "0")]
    [InlineData("Limits:ConnectionsPerUser", "0")]
    [InlineData("Limits:RequestConnectionsPerAddress", "0")]
    [InlineData("Limits:HistoryRequestsPerUser", "0")]
    [InlineData("Limits:BytesBehind", "0")]
    public async Task Limit_that_is_0_is_weak(string setting, string value)
    {
        await using var server = await SkaldServer.StartAsync(With(setting, value));

        Assert.Equal([setting], Said(server));
    }

    /// <summary>One setting; what the harness weakens is as it ships.</summary>
    private static IEnumerable<(string, string)> With(string setting, string value) =>
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Limits:Enabled"] = "true",
            ["Accounts:PasswordIterations"] = "600000",
            [Scrape.On.Key] = Scrape.On.Value,
            [setting] = value,
        }.Select(pair => (pair.Key, pair.Value));

    private static IEnumerable<string> Said(SkaldServer server) =>
        server.Log.Lines.Where(
            line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("[102] Weak setting ", StringComparison.Ordinal))
            .Select(line => line.Split("Weak setting ")[1].Split(": ")[0]);
}
