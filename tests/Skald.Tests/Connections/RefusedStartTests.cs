using System.Net;
using System.Net.Sockets;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>A server that cannot listen ends with its sentence alone: nothing that ran until then ends by a fault of its own.</summary>
public sealed class RefusedStartTests
{
    [Fact]
    public async Task Address_in_use_is_one_sentence_and_no_fault_of_a_service_that_was_running()
    {
        using var data = new TestDirectory();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();

        var command = await SkaldCommand.RunAsync(
            "--Urls", $"http://{other.LocalEndpoint}", "--Data", data.Path, "--Metrics:Listen", "http://127.0.0.1:0");

        command.AssertRefused("in use", "--urls");
        Assert.DoesNotContain("crit:", command.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("fail:", command.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", command.Output, StringComparison.Ordinal);
    }
}
