using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Skald.Tests.Harness;

namespace Skald.Tests.Repository;

/// <summary>Few packages, locked, audited, told by name, and a release that anybody can build again.</summary>
[Attack("A-57")]
public sealed partial class SupplyChainTests
{
    private const int MostDependencies = 10;

    [Fact]
    public void Server_depends_on_few_packages()
    {
        var packages = Source.Files("src", "*.csproj").SelectMany(project => PackageReference().Matches(Source.Read(project)))
            .Select(match => match.Groups[1].Value).Distinct();

        Assert.InRange(packages.Count(), 1, MostDependencies);
    }

    [Fact]
    public void Every_project_that_has_packages_locks_them()
    {
        var unlocked = Source.Files("", "*.csproj")
            .Where(project => !File.Exists(Path.Combine(Source.Root, Path.GetDirectoryName(project)!, "packages.lock.json")));

        Assert.Empty(unlocked);
    }

    [Fact]
    public void JavaScript_client_runs_nothing_when_it_is_installed_and_brings_nobody_with_it()
    {
        var package = JsonElement.Parse(Source.Read("clients/javascript/package.json"));
        string[] hooks = ["preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare", "prepublish"];
        Assert.DoesNotContain(package.GetProperty("scripts").EnumerateObject(), script => hooks.Contains(script.Name));
        Assert.False(package.TryGetProperty("dependencies", out _));
        Assert.DoesNotContain("hasInstallScript", Source.Read("clients/javascript/package-lock.json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bill_of_materials_names_every_package_that_the_server_is_made_of()
    {
        Assert.SkipUnless(await RunAsync("node", "--version") is { ExitCode: 0 }, "The script needs Node.");
        var answer = await RunAsync("node", Path.Combine(Source.Root, "packaging/sbom.mjs"));
        Assert.True(answer.ExitCode == 0, answer.Output);
        var sbom = JsonElement.Parse(answer.Output);
        var named = sbom.GetProperty("components").EnumerateArray().Select(component => component.GetProperty("purl").GetString()!)
            .ToHashSet(StringComparer.Ordinal);

        Assert.Equal("CycloneDX", sbom.GetProperty("bomFormat").GetString());
        // What the built server itself says that it loads.
        var loads = JsonElement.Parse(await File.ReadAllTextAsync(Path.ChangeExtension(SkaldCommand.Program, ".deps.json")))
            .GetProperty("libraries").EnumerateObject()
            .Where(library => library.Value.GetProperty("type").GetString() == "package")
            .Select(library => $"pkg:nuget/{library.Name.Replace('/', '@')}");
        Assert.Empty(loads.Except(named));
        var known = named.Append(sbom.GetProperty("metadata").GetProperty("component").GetProperty("bom-ref").GetString()!)
            .ToHashSet(StringComparer.Ordinal);
        Assert.All(sbom.GetProperty("dependencies").EnumerateArray(), entry =>
        {
            Assert.Contains(entry.GetProperty("ref").GetString()!, known);
            Assert.All(entry.GetProperty("dependsOn").EnumerateArray(), dependency => Assert.Contains(dependency.GetString()!, named));
        });
    }

    /// <remarks>The audit's source is one of the test's own: it calls a package that we use vulnerable, or does not.</remarks>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Package_that_an_advisory_names_fails_the_restore(bool named)
    {
        await using var advisories = await ServeAdvisoriesAsync(named);
        var directory = TestData.NewDirectory();   // within the repository, and so under its rules
        await File.WriteAllTextAsync(Path.Combine(directory, "nuget.config"), $"""
            <configuration><auditSources><clear />
                <add key="audit" value="{advisories.Urls.Single()}/index.json" allowInsecureConnections="true" />
            </auditSources></configuration>
            """);
        await File.WriteAllTextAsync(Path.Combine(directory, "Planted.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk"><ItemGroup><PackageReference Include="Microsoft.Data.Sqlite" /></ItemGroup></Project>
            """);

        var (exitCode, output) = await RunAsync("dotnet", "restore", directory, "--disable-build-servers");

        Assert.True(named == output.Contains("error NU1903", StringComparison.Ordinal), output);
        Assert.Equal(named, exitCode != 0);
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>Packs what the tests' own build has made.</summary>
    [Theory]
    [InlineData("Skald.Protocol")]
    [InlineData("Skald.Server")]
    public async Task Package_for_other_applications_says_what_it_is_for_and_brings_its_licence(string project)
    {
        using var packages = new TestDirectory();
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var (exitCode, output) = await RunAsync(
            "dotnet", "pack", Path.Combine(Source.Root, "src", project), "--no-build", "--no-restore", "-c", configuration, "-o",
            packages.Path,
            "--disable-build-servers");
        Assert.True(exitCode == 0 && !output.Contains("warning", StringComparison.Ordinal), output);

        using var package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(packages.Path, "*.nupkg")));
        var names = package.Entries.Select(entry => entry.FullName).ToArray();
        Assert.Contains($"lib/net10.0/{project}.dll", names);
        Assert.Contains($"lib/net10.0/{project}.xml", names);
        Assert.Equal(Source.Read("LICENSE"), await ReadAsync("LICENSE"));
        Assert.StartsWith($"# {project}\n", await ReadAsync("README.md"), StringComparison.Ordinal);
        var about = await ReadAsync($"{project}.nuspec");
        Assert.Contains("<readme>README.md</readme>", about, StringComparison.Ordinal);
        Assert.Contains("""<license type="expression">Apache-2.0</license>""", about, StringComparison.Ordinal);
        Assert.DoesNotContain("Package Description", about, StringComparison.Ordinal);

        async Task<string> ReadAsync(string name)
        {
            using var reader = new StreamReader(await package.GetEntry(name)!.OpenAsync());
            return await reader.ReadToEndAsync();
        }
    }

    [Fact]
    public void Only_what_others_reference_is_packed()
    {
        var packed = Source.Files("", "*.csproj")
            .Where(project => Source.Read(project).Contains("<IsPackable>true</IsPackable>", StringComparison.Ordinal));

        Assert.Contains("<IsPackable>false</IsPackable>", Source.Read("Directory.Build.props"), StringComparison.Ordinal);
        Assert.Equal(
            ["src/Skald.Protocol/Skald.Protocol.csproj", "src/Skald.Server/Skald.Server.csproj"], packed.Order(StringComparer.Ordinal));
    }

    /// <remarks>Two publishes: some minutes, so of the long night.</remarks>
    [Fact]
    public async Task Two_builds_in_two_directories_are_the_same_bytes()
    {
        Assert.SkipUnless(Seed.Full, "SKALD_FULL=1 builds the release twice: packaging/reproduce.sh.");
        var (exitCode, output) = await RunAsync(Path.Combine(Source.Root, "packaging/reproduce.sh"));

        Assert.True(exitCode == 0, output);
    }

    /// <summary>A feed that has nothing but advisories: learn.microsoft.com/nuget/api/vulnerability-info.</summary>
    private static async Task<WebApplication> ServeAdvisoriesAsync(bool named)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var feed = builder.Build();
        feed.MapGet("/index.json", (HttpRequest request) => Results.Text($$"""
            {"version":"3.0.0","resources":[{"@id":"{{At(request)}}/advisories.json","@type":"VulnerabilityInfo/6.7.0"}]}
            """, "application/json"));
        feed.MapGet("/advisories.json", (HttpRequest request) => Results.Text($$"""
            [{"@name":"base","@id":"{{At(request)}}/base.json","@updated":"2026-01-01T00:00:00Z","comment":""}]
            """, "application/json"));
        feed.MapGet("/base.json", () => Results.Text(
            named ? """{"microsoft.data.sqlite":[{"url":"https://advisories.example/1","severity":2,"versions":"(, )"}]}""" : "{}",
            "application/json"));
        await feed.StartAsync();
        return feed;

        static string At(HttpRequest request) => $"http://{request.Host}";
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string command, params string[] arguments)
    {
        using var process =
            Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }

    [GeneratedRegex(@"<PackageReference Include=""([^""]+)""")]
    private static partial Regex PackageReference();
}
