using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Skald.Server.Cluster.Redis;
using Skald.Server.Database;

namespace Skald.Server.Cluster;

/// <summary>How the nodes of one PostgreSQL database tell each other what is new.</summary>
public sealed class ClusterOptions : IValidatableObject
{
    internal const string
        BusSetting = "Cluster:Bus",
        RedisSetting = "Cluster:Redis",
        Postgres = "postgres",
        ByRedis = "redis";

    /// <summary>
    /// What several nodes on one PostgreSQL database tell each other at once by: <c>postgres</c>, that database; or <c>redis</c>, which
    /// costs less from about 6 nodes on. Where it is away, each node finds out within a second by itself. With SQLite there is one node.
    /// </summary>
    [Required]
    public string Bus { get; set; } = Postgres;

    /// <summary>
    /// The Redis of <c>Cluster:Bus=redis</c>: <c>HOST:6379,password=…,ssl=true</c>. It may hold a password: a file or the environment is
    /// the place for it. Nothing is kept there.
    /// </summary>
    public string Redis { get; set; } = "";

    /// <summary>Which services are added depends on it, so it is asked before there are options.</summary>
    internal static bool IsRedis(IConfiguration configuration) => Is(configuration[BusSetting], ByRedis);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var redis = Is(Bus, ByRedis);
        if (!redis && !Is(Bus, Postgres))
            yield return new($"{BusSetting} is \"{Bus}\". Write {Postgres} or {ByRedis}.");
        else if (redis && Redis.Length == 0)
            yield return new($"{BusSetting} is {ByRedis}, and {RedisSetting} is empty. Write there HOST:6379,password=….");
        else if (!redis && Redis.Length > 0)
            yield return new($"{RedisSetting} is set, and {BusSetting} is {Postgres}. Set it to {ByRedis}, or leave the other out.");
        if (redis && validationContext.GetService<IOptions<StorageOptions>>()?.Value is { IsPostgreSql: false })
            yield return new(
                $"{BusSetting} is {ByRedis}, and {StorageOptions.EngineSetting} is {StorageOptions.Sqlite}, which is one node's. "
                + $"Set it to {StorageOptions.PostgreSql}, or leave the other out.");
        if (redis && Redis.Length > 0 && RedisBus.Fault(Redis) is { } fault)
            yield return new($"{RedisSetting} {fault}. Write HOST:6379,password=…,ssl=true.");
    }

    private static bool Is(string? bus, string name) => string.Equals(bus?.Trim(), name, StringComparison.OrdinalIgnoreCase);
}
