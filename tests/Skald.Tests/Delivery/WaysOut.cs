using Skald.Tests.Harness;

namespace Skald.Tests.Delivery;

/// <summary>Straight to the connection's socket, as shipped.</summary>
public sealed class DirectSocketDeliveryTests : DeliveryTests
{
    private protected override Task<SkaldServer> StartAsync(TimeProvider? clock, params (string Key, string Value)[] settings) =>
        SkaldServer.StartAsync([("Connections:DirectSocket", "true"), .. settings], clock);
}

/// <summary>Through Kestrel's stream.</summary>
public sealed class StreamDeliveryTests : DeliveryTests
{
    private protected override Task<SkaldServer> StartAsync(TimeProvider? clock, params (string Key, string Value)[] settings) =>
        SkaldServer.StartAsync([("Connections:DirectSocket", "false"), .. settings], clock);
}

/// <summary>Through TLS, where there is no socket to write to directly although the setting asks for it.</summary>
public sealed class TlsDeliveryTests : DeliveryTests
{
    private protected override Task<SkaldServer> StartAsync(TimeProvider? clock, params (string Key, string Value)[] settings) =>
        SkaldServer.StartAsync([("Connections:DirectSocket", "true"), .. settings], clock, certificate: TestCertificate.Value);
}
