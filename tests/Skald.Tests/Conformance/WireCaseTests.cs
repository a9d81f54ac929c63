using Skald.Tests.Harness;

namespace Skald.Tests.Conformance;

/// <summary>Runs cases, each on a socket of its own, over both ways out.</summary>
public abstract class WireCaseTests(WireServers servers) : IClassFixture<WireServers>
{
    /// <inheritdoc cref="WireServers.OpenAsync"/>
    private protected Task<RawWebSocket> OpenAsync(WritePath path) => servers.OpenAsync(path);

    private protected async Task RunAsync(WireCase wire, WritePath path)
    {
        using var socket = await OpenAsync(path);
        await wire.RunAsync(socket);
    }
}
