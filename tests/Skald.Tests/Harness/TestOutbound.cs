using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Transport;

namespace Skald.Tests.Harness;

/// <summary>A way out without a connection: its reader fails only where the test is wrong.</summary>
internal static class TestOutbound
{
    /// <param name="log">Null where the reader never falls off the tail.</param>
    public static Outbound Of(ISocketWriter socket, RoomLog? log = null) => new(
        socket, log!, new DeliveryLimits(), TimeProvider.System,
        failed: (code, cause) => throw new InvalidOperationException($"The reader failed: {code.Reason}.", cause), stuck: () => { });
}
