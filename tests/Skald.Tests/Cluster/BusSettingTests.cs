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
}
