namespace Skald.Tests.Cluster;

public sealed class RedisAnnouncementsTests : AnnouncementsContract
{
    private protected override async Task<BusServer> StartAsync(bool own = false) => await RedisBusServer.StartAsync();
}
