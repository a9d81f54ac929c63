using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Rooms;

namespace Skald.Tests.Model;

/// <summary>The product's log over a store of the test's.</summary>
internal static class ModelLog
{
    public static RoomLog Of(
        ModelStore store,
        LogLimits? limits = null,
        Readiness? readiness = null,
        ApplicationLifetime? host = null,
        IFollowedLog? followed = null) =>
        new(
            store,
            new NodeCursor(
                followed ?? store,
                new RoomDirectory(null!, Options.Create(new RoomsOptions()), Options.Create(new RoomLimits()), TimeProvider.System)),
            Options.Create(limits ?? new LogLimits()),
            readiness ?? new Readiness(),
            new LogMetrics(new Telemetry()),
            host ?? new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance),
            NullLogger<RoomLog>.Instance);
}
