using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Skald.Server;
using Skald.Server.Connections;
using Skald.Server.Limits;
using Skald.Server.Operations;
using Skald.Server.Settings;
using Skald.Tests.Harness;

namespace Skald.Tests.Operations;

/// <summary>How the program starts with what an operator writes, and what it says where it does not.</summary>
public sealed partial class StartTests
{
    [Theory]
    [InlineData("--urls 8500", "Urls holds \"8500\"", "http://127.0.0.1:8500")]
    [InlineData("--urls http://127.0.0.1:99999", "99999", "port")]
    [InlineData("--urls https://127.0.0.1:0", "certificate", "Kestrel:Certificates:Default:Path")]
    [InlineData("--urls http://192.0.2.1:8000", "192.0.2.1:8000", "address of this machine", "--urls")]
    [InlineData("--urls http://unix:/nowhere/skald.sock", "/nowhere/skald.sock", "directory")]
    [InlineData("--Kestrel:Endpoints:Public:Url 8500", "Kestrel:Endpoints:Public:Url", "http://127.0.0.1:8500")]
    [InlineData("--Limits:Connections abc", "Limits:Connections is \"abc\"", "whole number")]
    [InlineData("--Limits:Connections -4 --Limits:PingTimeout 5", "Limits:Connections is \"-4\"", "Limits:PingTimeout is \"5\"")]
    [InlineData("--TrustedProxies localhost", "TrustedProxies holds \"localhost\"", "127.0.0.1")]
    [InlineData("--Logging:LogLevel:Default Loud", "Logging:LogLevel:Default is \"Loud\"", "Debug")]
    [InlineData("--contentRoot /nowhere", "/nowhere", "--contentRoot")]
    [InlineData("--Metrics:Listen http://127.0.0.1:99999", "Metrics:Listen")]
    public async Task Setting_that_cannot_be_ends_the_start_in_one_sentence(string arguments, params string[] words)
    {
        using var data = new TestDirectory();

        // A developer's machine has a certificate for https, which the SDK makes at its first run; it lies below HOME.
        var refused = await SkaldCommand.RunAsync(
            ["env", $"HOME={data.Path}"],
            ["--urls", "http://127.0.0.1:0", "--data", data.Path, "--Metrics:Listen", "", .. arguments.Split(' ')]);

        refused.AssertRefused(["Skald does not start. ", .. words]);
        Assert.DoesNotContain("   at ", refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Low_port_is_refused_to_a_user_who_may_not_have_it()
    {
        Assert.SkipUnless(
            File.Exists("/usr/bin/setpriv") && File.ReadAllText("/proc/sys/net/ipv4/ip_unprivileged_port_start").Trim() == "1024",
            "Everybody has low ports here.");
        using var data = new TestDirectory();

        var refused = await SkaldCommand.RunAsync(
            ["setpriv", "--bounding-set=-net_bind_service"],
            ["--urls", "http://127.0.0.1:81", "--data", data.Path, "--Metrics:Listen", ""]);

        refused.AssertRefused("127.0.0.1:81", "Permission denied", "--urls", "CAP_NET_BIND_SERVICE");
    }

    [Fact]
    public async Task Port_that_is_taken_is_refused_in_one_sentence()
    {
        using var data = new TestDirectory();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        var refused = await SkaldCommand.RunAsync("--urls", $"http://{taken.LocalEndpoint}", "--data", data.Path, "--Metrics:Listen", "");

        refused.AssertRefused($"{taken.LocalEndpoint}", "in use", "--urls");
        Assert.DoesNotContain("crit:", refused.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", refused.Output, StringComparison.Ordinal);
    }

    /// <summary>
    /// The host stops its loops before a thread of the pool has come to them where a port is taken and the machine is busy. Plain
    /// background services are the control: they end canceled then, and the host writes a stack trace for each.
    /// </summary>
    [Fact]
    public async Task Loop_that_is_stopped_before_a_thread_came_to_it_has_no_fault()
    {
        await using var server = await SkaldServer.StartAsync();
        var loops = server.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
        using var plain = new PlainLoop();

        await plain.StartAsync(new CancellationToken(canceled: true));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => plain.ExecuteTask!);
        Assert.NotEmpty(loops);
        foreach (var loop in loops)
        {
            await loop.StopAsync(CancellationToken.None);
            await loop.StartAsync(new CancellationToken(canceled: true));
            await loop.ExecuteTask!;
        }
    }

    private sealed class PlainLoop : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.CompletedTask;
    }

    [Theory]
    [InlineData("{ \"Limits\": { \"Conections\": 5 } }", "Limits:Conections", "Limits:Connections?")]
    [InlineData("{ \"Limit\": { \"Connections\": 5 } }", "Limit is no setting", "Limits?")]
    [InlineData("{ \"Data\": { \"Directory\": \"x\" } }", "Data:Directory", "one value")]
    [InlineData("{ \"Limits\": { \"Connections\": 5 }", "appsettings.json", "JSON")]
    public async Task File_with_a_setting_that_does_not_exist_is_refused(string file, params string[] words)
    {
        using var data = new TestDirectory();
        await File.WriteAllTextAsync(Path.Combine(data.Path, "appsettings.json"), file);

        (await SkaldCommand.RunAsync(["env", "-C", data.Path], ["--urls", "http://127.0.0.1:0", "--Metrics:Listen", ""]))
            .AssertRefused(words);
    }

    [Theory]
    [InlineData("Limits__Conections=5", "Limits:Connections?")]
    [InlineData("Limit__Connections=5", "Limits?")]
    [InlineData("TrustedProxy=127.0.0.1", "TrustedProxies?")]
    public async Task Environment_with_a_setting_that_does_not_exist_is_refused(string variable, string meant)
    {
        using var data = new TestDirectory();

        (await SkaldCommand.RunAsync(
            ["env", variable, "DATE=today", "LIMIT=5", "GRAFANA__x=1"],
            ["--urls", "http://127.0.0.1:0", "--data", data.Path, "--Metrics:Listen", ""]))
            .AssertRefused(meant);
    }

    [Theory]
    [InlineData("--port 8500", "--port", "--urls http://127.0.0.1:8000")]
    [InlineData("-p 8500", "-p", "--urls")]
    [InlineData("--verbose", "--verbose", "--Logging:LogLevel:Default Debug")]
    [InlineData("--metricslisten x", "--metricslisten", "Metrics:Listen")]
    [InlineData("--FrameBytes=1", "--FrameBytes", "--Limits:FrameBytes")]
    [InlineData("--Nonsense 1", "--Nonsense", "--help settings")]
    [InlineData("--urls", "--urls", "needs a value")]
    [InlineData("--Rooms:AutoCreate --data x", "--Rooms:AutoCreate", "needs a value")]
    [InlineData("--data x y", "\"y\"", "--SETTING")]
    public async Task Option_that_does_not_exist_is_refused_with_the_nearest_that_does(string arguments, params string[] words)
    {
        var refused = await SkaldCommand.RunAsync(arguments.Split(' '));

        Assert.Equal(2, refused.ExitCode);
        Assert.All(words, word => Assert.Contains(word, refused.Error, StringComparison.Ordinal));
        Assert.Single(refused.Error.Trim().Split('\n'));
    }

    [Theory]
    [InlineData("urls")]
    [InlineData("CONTENTROOT")]
    [InlineData("Logging:LogLevel:Skald")]
    [InlineData("Kestrel:Endpoints:Public:Url")]
    [InlineData("OTEL_SERVICE_NAME")]
    [InlineData("TrustedProxies:0")]
    [InlineData("limits:connections")]
    public void Option_of_the_server_or_its_platform_is_known(string name) => Assert.True(KnownSettings.Has(name));

    [Fact]
    public void Every_class_of_options_is_known() =>
        Assert.Equal(
            typeof(SkaldHost).Assembly.GetTypes()
                .Where(type => type.IsPublic && (type.Name.EndsWith("Limits", StringComparison.Ordinal)
                    || type.Name.EndsWith("Options", StringComparison.Ordinal)))
                .Select(type => type.Name).Order(StringComparer.Ordinal),
            KnownSettings.Classes.Select(type => type.Name).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Every_class_of_options_is_read_and_judged_by_the_server()
    {
        await using var server = await SkaldServer.StartAsync();

        Assert.Equal(
            KnownSettings.Own.Select(setting => setting.Key).Order(StringComparer.Ordinal),
            server.Services.GetServices<SettingsInForce>().SelectMany(section => section.All).Select(one => one.Setting.Key)
                .Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("ASPNETCORE_HTTP_PORTS={0}")]
    [InlineData("HTTP_PORTS={0}")]
    [InlineData("ASPNETCORE_URLS=http://127.0.0.1:{0}")]
    [InlineData("DOTNET_URLS=http://127.0.0.1:{0}")]
    [InlineData("Kestrel__Endpoints__Public__Url=http://127.0.0.1:{0}")]
    public async Task Platforms_own_ways_to_say_where_to_listen_work(string variable)
    {
        using var data = new TestDirectory();
        var port = FreePort.Find();

        await using var server = await SkaldProcess.StartAsync(new ProcessStartInfo(
            "env", [string.Format(null, variable, port), "dotnet", SkaldCommand.Program, "--data", data.Path, "--Metrics:Listen", ""]));

        Assert.DoesNotContain("127.0.0.1:8000", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "warn:",
            server.Output.Replace("Weak setting", "", StringComparison.Ordinal).Split("warn: Skald")[0],
            StringComparison.Ordinal);
        using var http = new HttpClient();
        Assert.Equal("""{"status":"ok"}""", await http.GetStringAsync($"http://127.0.0.1:{port}/healthz"));
    }

    /// <summary>Also a second server on a machine.</summary>
    [Fact]
    public async Task Metrics_port_that_is_taken_and_that_nobody_asked_for_is_a_warning()
    {
        using var data = new TestDirectory();
        using var taken = new TcpListener(new IPEndPoint(IPAddress.Loopback, new Uri(SkaldDefaults.MetricsListen).Port));
        try
        {
            taken.Start();
        }
        catch (SocketException)
        {
            // Another server of this machine has it: it is taken.
        }

        await using var server = await SkaldProcess.StartAsync(
            new ProcessStartInfo("dotnet", [SkaldCommand.Program, "--urls", "http://127.0.0.1:0", "--data", data.Path]));

        Assert.Contains($"No metrics: {SkaldDefaults.MetricsListen} is in use", server.Output, StringComparison.Ordinal);
        var refused = await SkaldCommand.RunAsync(
            "--urls", "http://127.0.0.1:0", "--data", data.Path + "2", "--Metrics:Listen", SkaldDefaults.MetricsListen);
        refused.AssertRefused("Metrics:Listen", "in use");
    }

    [Fact]
    public async Task Last_line_of_a_start_is_where_to_go()
    {
        using var data = new TestDirectory();
        await using var server = await SkaldProcess.StartAsync(data.Path);

        await Deadline.UntilAsync(() => server.Output.Contains("Ready: ", StringComparison.Ordinal), "it says where to go");

        Assert.EndsWith(
            $"Ready: open {server.Http.BaseAddress!.ToString().TrimEnd('/')} in a browser",
            server.Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_is_JSON_where_the_setting_says_so()
    {
        using var data = new TestDirectory();
        await using var server = await SkaldProcess.StartAsync(new ProcessStartInfo("env",
            ["Logging__Console__FormatterName=json", "dotnet", SkaldCommand.Program,
             "--urls", "http://127.0.0.1:0", "--data", data.Path, "--Metrics:Listen", "http://127.0.0.1:0"]));

        await server.StopAsync();

        var lines = server.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .ToArray();
        Assert.Contains(
            lines,
            line =>
                line.GetProperty("EventId").GetInt32() == 103 && line.GetProperty("State").GetProperty("Address")
                    .GetString()!.StartsWith("http://127.0.0.1:", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.NotEmpty(line.GetProperty("Message").GetString()!));
    }

    [Fact]
    public void Help_tells_the_settings_that_one_needs_with_the_defaults_of_the_code()
    {
        var help = Usage.Text();

        var lines = HelpLine().Matches(help);
        Assert.InRange(lines.Count, 10, 15);
        Assert.All(lines, line => Assert.True(KnownSettings.Has(line.Groups[1].Value), line.Value));
        Assert.Contains($"({Spelling.Show(new ConnectionLimits().Connections)})", help, StringComparison.Ordinal);
        Assert.DoesNotContain("docs/", help, StringComparison.Ordinal);   // a downloaded program has none
        Assert.All(help.Split('\n'), line => Assert.InRange(line.Length, 0, 140));
        Assert.Equal(KnownSettings.Own.Count, Usage.Settings().Split('\n').Length);
        Assert.Contains("Limits:PingInterval = 15 s\n", Usage.Settings(), StringComparison.Ordinal);
    }

    [Fact]
    public void Fault_of_the_program_is_no_refusal() =>
        Assert.Null(StartupRefusal.Sentence(new TimeZoneNotFoundException(), new ConfigurationBuilder().Build()));

    [Fact]
    public void Refusals_of_several_sections_are_said_together() =>
        Assert.Equal(
            "A. B. C.",
            StartupRefusal.Sentence(
                new AggregateException(
                    new OptionsValidationException("", typeof(LimitsOptions), ["A.", "B."]), new StartupRefusedException("C.")),
                null));

    [Fact]
    public void Localhost_that_cannot_be_had_is_said_as_each_of_its_addresses_is() =>
        Assert.Equal(
            "A.",
            StartupRefusal.Sentence(
                new IOException("Failed", new AggregateException(new StartupRefusedException("A."), new StartupRefusedException("B."))),
                null));

    [Fact]
    public void Address_in_use_names_the_option() =>
        Assert.Contains(
            "--urls",
            StartupRefusal.Sentence(new IOException("Failed.", new AddressInUseException("")), null),
            StringComparison.Ordinal);

    [GeneratedRegex(@"^  --([\w:]+) {2,}\w.*$", RegexOptions.Multiline)]
    private static partial Regex HelpLine();
}
