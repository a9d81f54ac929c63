using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Rooms;
using Skald.Tests.Harness;
using Skald.Tests.Model;

namespace Skald.Tests.Delivery;

/// <summary>What the delivery thread owes the log, whatever becomes of a batch.</summary>
public sealed class DeliveryThreadTests
{
    [Fact]
    public async Task Batch_that_cannot_be_encoded_does_not_hold_up_the_log()
    {
        var limits = Options.Create(new Limits());
        var room = new Room(1, "room", 1, 0);
        var feeds = new RoomFeeds(limits);
        var socket = new ModelSocket();
        feeds.Register(new Subscription(new Outbound(socket, log: null!, limits.Value, TimeProvider.System), room));
        using var delivery = new DeliveryThread(feeds, new DeliveryMetrics(new Telemetry(), feeds), NullLogger<DeliveryThread>.Instance);
        delivery.Start();
        var broken = new ModelDraft(room, "x", id: new string('i', 10_000));
        broken.StoreAs(1, default);

        delivery.Announce(new Batch([broken]));

        await delivery.TurnAsync(commit: 0).Within();
        await Task.Yield();   // off the delivery thread, which is about to be waited for
    }
}
