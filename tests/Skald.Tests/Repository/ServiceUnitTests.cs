using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Skald.Server.Connections;
using Skald.Tests.Harness;

namespace Skald.Tests.Repository;

/// <summary>The systemd unit says what the program and its settings say.</summary>
public sealed partial class ServiceUnitTests
{
    private const string Unit = "packaging/skald.service";

    private static readonly ILookup<string, string> Says = Line().Matches(Source.Read(Unit))
        .ToLookup(match => match.Groups[1].Value, match => match.Groups[2].Value.Trim());

    [Fact]
    public void Unit_starts_the_published_program_on_the_directory_that_it_keeps()
    {
        var words = One("ExecStart").Split(' ');
        Assert.Contains(
            $"<AssemblyName>{Path.GetFileName(words[0])}</AssemblyName>",
            Source.Read("src/Skald/Skald.csproj"),
            StringComparison.Ordinal);
        Assert.Equal(["--data", $"/var/lib/{One("StateDirectory")}"], words[1..]);
        Assert.Equal($"/etc/{One("ConfigurationDirectory")}", One("WorkingDirectory"));
        var guide = Source.Read("docs/operations.md");
        Assert.All(
            new[] { words[0], words[2], One("WorkingDirectory"), $"useradd --system --home-dir {words[2]}", One("User") },
            path => Assert.Contains(path, guide, StringComparison.Ordinal));
    }

    [Fact]
    public void Unit_gives_it_the_time_and_the_handles_that_the_defaults_need()
    {
        Assert.True(Number("TimeoutStopSec") > new ConnectionsOptions().DrainTime.TotalSeconds + 5);
        Assert.True(Number("LimitNOFILE") > 2 * new ConnectionLimits().Connections);
    }

    [Fact]
    public void Unit_leaves_it_what_it_does_not_start_without()
    {
        Assert.Empty(Says["MemoryDenyWriteExecute"]);
        Assert.Empty(Says["ProtectProc"]);
        Assert.DoesNotContain(Says["SystemCallFilter"], filter => filter.Contains("@resources", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Backup_unit_backs_up_a_running_server_and_removes_what_is_older_than_two_weeks()
    {
        using var backups = new TestDirectory();
        await using var server = await SkaldServer.StartAsync();
        var (kept, old, foreign) = (
            Path.Combine(backups.Path, "skald-kept.db"),
            Path.Combine(backups.Path, "skald-old.db"),
            Path.Combine(backups.Path, "other.db"));
        foreach (var (file, days) in new[] { (kept, 13.5), (old, 14.5), (foreign, 100) })
        {
            await File.WriteAllTextAsync(file, "");
            File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-days));
        }

        Assert.Equal(0, await RunAsync("ExecStart"));
        Assert.Equal(0, await RunAsync("ExecStartPost"));

        Assert.True(File.Exists(kept) && File.Exists(foreign) && !File.Exists(old));
        var made = Assert.Single(Directory.GetFiles(backups.Path, "skald-2*Z.db"));
        Assert.Equal("ok", TestDirectory.Check(made));

        async Task<int> RunAsync(string key)
        {
            var line = Assert.Single(
                Line().Matches(Source.Read("packaging/skald-backup.service")),
                match => match.Groups[1].Value == key).Groups[2].Value;
            // What systemd makes of the line, and this machine's places in place of the guide's.
            line = line.Replace("$$", "$", StringComparison.Ordinal).Replace("%%", "%", StringComparison.Ordinal)
                .Replace("/opt/skald/skald", $"dotnet {SkaldCommand.Program}", StringComparison.Ordinal)
                .Replace("/var/lib/skald", server.Data, StringComparison.Ordinal)
                .Replace("/var/backups/skald", backups.Path, StringComparison.Ordinal);
            using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", line]) { UseShellExecute = false })!;
            await shell.WaitForExitAsync(Deadline.Token());
            return shell.ExitCode;
        }
    }

    [Fact]
    public void Guide_names_what_the_backup_unit_needs()
    {
        var guide = Source.Read("docs/operations.md");
        foreach (var words in new[]
        {
            "packaging/skald-backup.service packaging/skald-backup.timer", "-m 700 /var/backups/skald", "enable --now skald-backup.timer",
        })
            Assert.Contains(words, guide, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_tells_systemd_when_it_is_ready_and_when_it_stops()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no systemd here.");
        Assert.Equal("notify", One("Type"));
        using var data = new TestDirectory();
        var address = Path.Combine("/tmp", Path.GetRandomFileName());   // a socket's path must be short
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(address));

        // The program looks for its parent's name.
        var parent = Path.Combine(data.Path, "systemd");
        File.Copy("/bin/sh", parent);
        var start = new ProcessStartInfo(parent,
        [
            "-c", "dotnet \"$0\" --urls http://127.0.0.1:0 --Metrics:Listen= --data \"$1\" & trap \"kill $!\" TERM; wait $!; wait $!",
            SkaldCommand.Program, Path.Combine(data.Path, "data"),
        ]);
        start.Environment["NOTIFY_SOCKET"] = address;
        await using var server = await SkaldProcess.StartAsync(start);
        Assert.Contains("READY=1", await ReceiveAsync(socket), StringComparison.Ordinal);
        Assert.Equal(0, await server.StopAsync());
        Assert.Contains("STOPPING=1", await ReceiveAsync(socket), StringComparison.Ordinal);
        File.Delete(address);
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[4_096];
        return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, Deadline.Token()));
    }

    private static string One(string key) => Assert.Single(Says[key]);

    private static int Number(string key) => int.Parse(One(key), CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(\w+)=(.*)$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
