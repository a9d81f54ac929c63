using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;
using Skald.Server.Connections;
using Skald.Server.Database;
using Skald.Tests.Harness;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Skald.Tests.Repository;

/// <summary>
/// The image and the deployment of several nodes: what they name exists and fits together, and what they start is started here, on the
/// machine itself.
/// </summary>
public sealed partial class ContainerTests
{
    private const string Containerfile = "packaging/Containerfile", Compose = "packaging/compose.yaml", Haproxy = "packaging/haproxy.cfg";

    private static readonly string[] Nodes = ["node1", "node2", "node3"];

    private static readonly ILookup<string, string> Image = Instruction().Matches(Source.Read(Containerfile))
        .ToLookup(match => match.Groups[1].Value, match => match.Groups[2].Value.Trim());

    private static readonly JsonElement Deployment = ReadYaml(Source.Read(Compose));

    [Fact]
    public void Base_images_are_of_the_SDK_and_the_framework_that_the_repository_is_built_with()
    {
        var sdk = JsonElement.Parse(Source.Read("global.json")).GetProperty("sdk").GetProperty("version").GetString()!;
        var version = string.Join('.', sdk.Split('.')[..2]);   // its patches come with each build of the image, as global.json lets them

        Assert.Equal(
            [$"mcr.microsoft.com/dotnet/sdk:{version} AS build", $"mcr.microsoft.com/dotnet/aspnet:{version}"],
            Image["FROM"]);
        Assert.Contains($"<TargetFramework>net{version}</TargetFramework>", Source.Read("Directory.Build.props"), StringComparison.Ordinal);
    }

    [Fact]
    public void Image_is_built_of_files_that_exist_into_the_program_that_it_starts()
    {
        var copied = Image["COPY"].Where(line => !line.StartsWith("--from", StringComparison.Ordinal))
            .SelectMany(line => line.Split(' ')[..^1]).ToArray();
        Assert.NotEmpty(copied);
        Assert.All(copied, path => Assert.True(Path.Exists(Path.Combine(Source.Root, path)), path));
        Assert.Contains("dotnet publish src/Skald -c Release -o /out", Image["RUN"]);
        Assert.Equal("build /out/skald /out/libe_sqlite3.so /opt/skald/", Image["COPY"].Single(
            line => line.StartsWith("--from", StringComparison.Ordinal))["--from=".Length..]);
        Assert.Contains("<AssemblyName>skald</AssemblyName>", Source.Read("src/Skald/Skald.csproj"), StringComparison.Ordinal);
        Assert.Equal("/opt/skald/skald", Entrypoint[0]);
        Assert.Contains(Image["RUN"], line => line.EndsWith($" -m 700 {Option("--data")}", StringComparison.Ordinal));
        Assert.Equal(Image["EXPOSE"].Single(), Port);
    }

    [Fact]
    public void Every_setting_of_the_nodes_exists_and_their_data_is_kept()
    {
        foreach (var node in Nodes)
        {
            var said = Deployment.GetProperty("services").GetProperty(node);
            Assert.All(
                said.GetProperty("environment").EnumerateObject(),
                variable => Assert.Contains(
                    KnownSettings.Own, setting => setting.Key == variable.Name.Replace("__", ":", StringComparison.Ordinal)));
            Assert.Equal([$"{node}:{Option("--data")}"], Strings(said.GetProperty("volumes")));
            Assert.True(Number(said, "ulimits", "nofile") > 2 * new ConnectionLimits().Connections);
            Assert.True(Seconds(said.GetProperty("stop_grace_period")) > new ConnectionsOptions().DrainTime.TotalSeconds + 5);
            Assert.Equal(Image["STOPSIGNAL"].Single(), said.GetProperty("stop_signal").GetString());
        }

        var named = Deployment.GetProperty("volumes").EnumerateObject().Select(volume => volume.Name);
        Assert.Equal(["postgres", .. Nodes], named);
        var build = Deployment.GetProperty("services").GetProperty("node1").GetProperty("build");
        Assert.True(File.Exists(Path.Combine(Source.Root, "packaging", build.GetProperty("context").GetString()!, Containerfile)));
        Assert.Equal(Containerfile, build.GetProperty("dockerfile").GetString());
    }

    [Fact]
    public void Proxy_has_the_configuration_of_the_guides_and_the_addresses_of_the_nodes()
    {
        var guide = ReverseProxy.HaproxyOfSeveralNodes();
        var addresses = Nodes.Select(AddressOf).ToArray();
        for (var n = 0; n < Nodes.Length; n++)
            guide = guide.Replace($"10.0.0.{n + 1}:8000", $"{addresses[n]}:{Port}", StringComparison.Ordinal);

        Assert.Equal(guide, Source.Read(Haproxy)[(Source.Read(Haproxy).IndexOf('\n', StringComparison.Ordinal) + 1)..]);
        var proxy = Deployment.GetProperty("services").GetProperty("haproxy");
        var port = ProxyPort().Match(guide).Groups[1].Value;
        Assert.Equal([$"{port}:{port}"], Strings(proxy.GetProperty("ports")));
        Assert.Equal("0", proxy.GetProperty("sysctls").GetProperty("net.ipv4.ip_unprivileged_port_start").GetString());
        Assert.Collection(
            Strings(proxy.GetProperty("volumes")),
            mounted => Assert.Equal($"./{Path.GetFileName(Haproxy)}:/usr/local/etc/haproxy/haproxy.cfg:ro", mounted),
            mounted => Assert.EndsWith($"}}:{ProxyCertificate().Match(guide).Groups[1].Value}:ro", mounted, StringComparison.Ordinal));
        Assert.Equal(Nodes, Strings(proxy.GetProperty("depends_on")));
        foreach (var node in Nodes)
            Assert.Equal(AddressOf("haproxy"), EnvironmentOf(node, "TrustedProxies"));
    }

    /// <summary>What has been tried is what these tests and those of the guides run: the versions of Debian's packages.</summary>
    [Fact]
    public async Task Other_images_are_of_the_versions_that_the_tests_run()
    {
        Assert.Equal(
            $"docker.io/library/postgres:{PostgresServer.Programs.Split('/')[^2]}",
            Deployment.GetProperty("services").GetProperty("postgres").GetProperty("image").GetString());

        using var haproxy = Process.Start(
            new ProcessStartInfo("/usr/sbin/haproxy", "-v") { UseShellExecute = false, RedirectStandardOutput = true })!;
        var said = await haproxy.StandardOutput.ReadToEndAsync(Deadline.Token());
        Assert.Equal(
            $"docker.io/library/haproxy:{HaproxyVersion().Match(said).Groups[1].Value}",
            Deployment.GetProperty("services").GetProperty("haproxy").GetProperty("image").GetString());
    }

    [Fact]
    public async Task Nodes_start_as_they_are_written_are_well_and_serve_each_others_users()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await CreateDatabaseAsync(postgres);
        using var files = new TestDirectory();
        var key = TestCluster.SigningKey;
        await using var first = await StartAsync("node1", FreePort.Find());
        await using var second = await StartAsync("node2", FreePort.Find());

        Assert.Equal(0, await HealthAsync(first));
        Assert.Equal(0, await HealthAsync(second));
        await using (var reader = await ChatSocket.OpenAsync(second.SocketAddress($"/ws/?token={await first.SignInAsync("ann")}")))
        {
            await reader.ExpectAsync("ready");
            await reader.JoinAsync("global");
            await using var writer = await ChatSocket.OpenAsync(first.SocketAddress($"/ws/?token={await second.SignInAsync("bob")}"));
            await writer.ExpectAsync("ready");
            await writer.SayAsync("global", "Hello");
            Assert.Equal("Hello", (await reader.SkipToAsync("chat_message")).GetProperty("message").GetString());
        }

        // One machine has one PostgreSQL; nothing else of it is weaker than it need be.
        Assert.Equal(["synchronous_standby_names"], Weak().Matches(first.Output).Select(match => match.Groups[1].Value));
        Assert.Equal(0, await first.StopAsync());
        Assert.NotEqual(0, await HealthAsync(first));

        Task<SkaldProcess> StartAsync(string node, int port)
        {
            // The places of this machine in place of the container's.
            string[] arguments =
            [
                SkaldCommand.Program,
                .. Entrypoint[1..].Select(argument => argument
                    .Replace(Option("--data"), Path.Combine(files.Path, node), StringComparison.Ordinal)
                    .Replace($":{Port}", $":{port}", StringComparison.Ordinal)),
            ];
            var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = files.Path };
            foreach (var variable in Deployment.GetProperty("services").GetProperty(node).GetProperty("environment").EnumerateObject())
            {
                start.Environment[variable.Name] = variable.Value.GetString()!
                    .Replace("Host=postgres;", $"Host=127.0.0.1;Port={postgres.Port};", StringComparison.Ordinal)
                    .Replace(Secret("SIGNING_KEY"), key, StringComparison.Ordinal)
                    .Replace(Secret("DATABASE_PASSWORD"), "secret", StringComparison.Ordinal);
            }

            start.Environment["Metrics__Listen"] = "http://127.0.0.1:0";   // in a container each has this address to itself
            return SkaldProcess.StartAsync(start);
        }
    }

    /// <summary>As the image of PostgreSQL makes it of its environment.</summary>
    private static async Task CreateDatabaseAsync(PostgresServer postgres)
    {
        var setting = StorageOptions.PostgresSetting.Replace(":", "__", StringComparison.Ordinal);
        var written = new NpgsqlConnectionStringBuilder(EnvironmentOf("node1", setting));
        Assert.Equal("postgres", written.Host);
        Assert.Equal(EnvironmentOf("postgres", "POSTGRES_DB"), written.Database);
        Assert.Equal(EnvironmentOf("postgres", "POSTGRES_USER"), written.Username);
        Assert.Equal(EnvironmentOf("postgres", "POSTGRES_PASSWORD"), written.Password);
        var encoding = EnvironmentOf("postgres", "POSTGRES_INITDB_ARGS").Replace("--encoding=", "", StringComparison.Ordinal);
        await postgres.ExecuteAsync("postgres", $"CREATE DATABASE {written.Database} ENCODING '{encoding}' TEMPLATE template0");
    }

    /// <returns>The exit code of the check as it is written, which asks this node.</returns>
    private static async Task<int> HealthAsync(SkaldProcess node)
    {
        var command = Strings(Deployment.GetProperty("services").GetProperty("node1").GetProperty("healthcheck").GetProperty("test"));
        Assert.Equal("CMD", command[0]);
        var asked = command[1..].Select(
            word => word.Replace($"/{Port};", $"/{node.Http.BaseAddress!.Port};", StringComparison.Ordinal)).ToArray();
        Assert.NotEqual(command[1..], asked);
        using var check = Process.Start(
            new ProcessStartInfo(asked[0], asked[1..]) { UseShellExecute = false, RedirectStandardError = true })!;
        await check.StandardError.ReadToEndAsync(Deadline.Token());
        await check.WaitForExitAsync(Deadline.Token());
        return check.ExitCode;
    }

    private static string[] Entrypoint => JsonSerializer.Deserialize<string[]>(Image["ENTRYPOINT"].Single())!;

    private static string Port => new Uri(Option("--urls")).Port.ToString(CultureInfo.InvariantCulture);

    private static string Option(string name) => Entrypoint[Array.IndexOf(Entrypoint, name) + 1];

    private static string Secret(string name) => $"${{{name}:?see the top of compose.yaml}}";

    private static string AddressOf(string service) => Deployment.GetProperty("services").GetProperty(service)
        .GetProperty("networks").GetProperty("skald").GetProperty("ipv4_address").GetString()!;

    private static string EnvironmentOf(string service, string name) =>
        Deployment.GetProperty("services").GetProperty(service).GetProperty("environment").GetProperty(name).GetString()!;

    private static string[] Strings(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetString()!)];

    private static int Number(JsonElement service, string section, string name) =>
        int.Parse(service.GetProperty(section).GetProperty(name).GetString()!, CultureInfo.InvariantCulture);

    private static int Seconds(JsonElement time) => int.Parse(time.GetString()!.TrimEnd('s'), CultureInfo.InvariantCulture);

    /// <remarks>As JSON, all of whose values are text; what a node has of the common part is in it.</remarks>
    private static JsonElement ReadYaml(string text)
    {
        var read = new Deserializer().Deserialize<Dictionary<string, object>>(new MergingParser(new Parser(new StringReader(text))));
        return JsonElement.Parse(new SerializerBuilder().JsonCompatible().Build().Serialize(read));
    }

    [GeneratedRegex(@"^([A-Z]+) (.*)$", RegexOptions.Multiline)]
    private static partial Regex Instruction();

    [GeneratedRegex(@"bind :(\d+)")]
    private static partial Regex ProxyPort();

    [GeneratedRegex(@"crt (\S+)")]
    private static partial Regex ProxyCertificate();

    [GeneratedRegex(@"version (\d+\.\d+)\.")]
    private static partial Regex HaproxyVersion();

    [GeneratedRegex(@"Weak setting (\S+):")]
    private static partial Regex Weak();
}
