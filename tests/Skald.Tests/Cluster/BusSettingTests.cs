using Microsoft.Extensions.Options;
using Skald.Server.Cluster;
using Skald.Server.Database;
using Skald.Tests.Harness;

namespace Skald.Tests.Cluster;

/// <summary>Which bus the nodes announce by: what cannot be is refused at start, and none that is away.</summary>
public sealed class BusSettingTests
{
    [Theory]
    [InlineData("postgres", "kafka", "", "Write postgres or redis")]
    [InlineData("postgres", "redis", "", "Cluster:Redis is empty")]
    [InlineData("postgres", "postgres", "127.0.0.1,password=secret-word", "leave the other out")]
    [InlineData("sqlite", "redis", "127.0.0.1,password=secret-word", "which is one node's")]
    [InlineData("postgres", "redis", "127.0.0.1,passwrod=secret-word", "Cluster:Redis cannot be read")]
    [InlineData("postgres", "redis", "127.0.0.1,password=secret-word,ssl=perhaps", "Cluster:Redis cannot be read")]
    [InlineData("postgres", "redis", "password=secret-word", "Cluster:Redis names no server")]
    public async Task What_cannot_be_is_refused_and_no_password_is_shown(string engine, string bus, string redis, string why)
    {
        // Judged before the database is looked for.
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => SkaldServer.StartAsync(
        [
            (StorageOptions.EngineSetting, engine),
            (StorageOptions.PostgresSetting, engine == StorageOptions.PostgreSql ? "Host=127.0.0.1;Port=1" : ""),
            (ClusterOptions.BusSetting, bus), (ClusterOptions.RedisSetting, redis),
        ]));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-word", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_starts_without_its_Redis_says_so_once_and_finds_it_later()
    {
        await using var redis = RedisServer.NotStarted();
        await using var nodes = await TestCluster.StartAsync(
            2, configure: null, (ClusterOptions.BusSetting, ClusterOptions.ByRedis),
            (ClusterOptions.RedisSetting, redis.ConnectionString + ",password=secret-word"));
        await Deadline.UntilAsync(() => Count(nodes[0], 10_000) == 1, "it is said");

        var ann = await nodes[0].RegisterAsync("ann");
        await using var socket = await ann.JoinAsync("global");
        await socket.SayAsync("global", "hello");
        await redis.StartAgainAsync();
        await Deadline.UntilAsync(() => Count(nodes[0], 10_001) == 1 && Count(nodes[1], 10_001) == 1, "both have found it");

        Assert.Equal(1, Count(nodes[0], 10_000));
        Assert.DoesNotContain(nodes[0].Log.Lines, line => line.Contains("secret-word", StringComparison.Ordinal));
    }

    private static int Count(SkaldServer node, int line) =>
        node.Log.Lines.Count(said => said.Contains($"[{line}]", StringComparison.Ordinal));
}
