using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Skald.Server.Connections;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Repository;

/// <summary>The systemd unit says what the program and its settings say.</summary>
public sealed partial class ServiceUnitTests
{
    private const string Unit = "packaging/skald.service";

    private static readonly ILookup<string, string> Says = Line().Matches(Source.Read(Unit)).ToLookup(match => match.Groups[1].Value, match => match.Groups[2].Value.Trim());

    [Fact]
    public void Unit_starts_the_published_program_on_the_directory_that_it_keeps()
    {
        var words = One("ExecStart").Split(' ');
        Assert.Contains($"<AssemblyName>{Path.GetFileName(words[0])}</AssemblyName>", Source.Read("src/Skald/Skald.csproj"), StringComparison.Ordinal);
        Assert.Equal(["--data", $"/var/lib/{One("StateDirectory")}"], words[1..]);
        Assert.Equal($"/etc/{One("ConfigurationDirectory")}", One("WorkingDirectory"));
        var guide = Source.Read("docs/operations.md");
        Assert.All(new[] { words[0], words[2], One("WorkingDirectory"), $"useradd --system --home-dir {words[2]}", One("User") }, path => Assert.Contains(path, guide, StringComparison.Ordinal));
    }

    [Fact]
    public void Unit_gives_it_the_time_and_the_handles_that_the_defaults_need()
    {
        Assert.True(Number("TimeoutStopSec") > new ConnectionsOptions().DrainTime.TotalSeconds + 5);
        Assert.True(Number("LimitNOFILE") > 2 * new Limits().Connections);
    }

    [Fact]
    public void Unit_leaves_it_what_it_does_not_start_without()
    {
        Assert.Empty(Says["MemoryDenyWriteExecute"]);
        Assert.Empty(Says["ProtectProc"]);
        Assert.DoesNotContain(Says["SystemCallFilter"], filter => filter.Contains("@resources", StringComparison.Ordinal));
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
