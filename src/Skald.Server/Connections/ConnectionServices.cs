using Microsoft.Extensions.Options;
using Skald.Server.Commands;
using Skald.Server.Delivery;
using Skald.Server.History;

namespace Skald.Server.Connections;

/// <summary>What all connections of this node share.</summary>
internal sealed class ConnectionServices(
    ConnectionRegistry registry,
    RoomLog log,
    IOptions<ConnectionLimits> limits,
    IOptions<DeliveryLimits> delivery,
    IOptions<WireLimits> wire,
    TimeProvider clock,
    ConnectionMetrics metrics,
    ILogger<Connection> logger)
{
    public ConnectionRegistry Registry => registry;

    public RoomLog Log => log;

    public ConnectionLimits Limits { get; } = limits.Value;

    public DeliveryLimits Delivery { get; } = delivery.Value;

    /// <summary>The largest message a client may send, in bytes after reassembly.</summary>
    public int FrameBytes { get; } = wire.Value.FrameBytes;

    public TimeProvider Clock => clock;

    public ConnectionMetrics Metrics => metrics;

    public ILogger Logger => logger;
}
