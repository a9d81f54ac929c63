using System.Security.Cryptography;

namespace Skald.Bench.Targets;

/// <summary>Skald as it is served: every message on disk before anyone sees it. Only the limits on what the load does are off.</summary>
internal sealed class SkaldTarget(string name, Dialect dialect) : Target
{
    private const string Program = "skald";

    /// <summary>All nodes sign with it.</summary>
    private static readonly string SigningKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public override string Name => name;

    public override Dialect Dialect => dialect;

    public override bool IsSkald => true;

    public override AckDialect? Acks { get; init; } = AckDialect.Skald;

    /// <summary>Where it was published by somebody else; null where the bench publishes it.</summary>
    public Func<Workspace, string?> Directory { get; init; } = workspace => workspace.SkaldDirectory;

    public override Task PublishAsync(Workspace workspace, CancellationToken cancellation) =>
        Directory(workspace) is null ? DotnetPublishAsync(workspace, "src/Skald", Program, cancellation) : Task.CompletedTask;

    public override IReadOnlyList<string> CommandLine(Workspace workspace, NodePlace place) =>
    [
        Path.Combine(Directory(workspace) ?? workspace.Published(Program), Program),
        "--urls", $"http://127.0.0.1:{place.Port}",
        "--data", place.DataDirectory,
        "--Limits:Enabled=false",
        // For texts of 8 KiB; as shipped the longest has 4,000 letters.
        "--Limits:MessageCodePoints=8192",
        "--Limits:MessageBytes=8192",
        // As it ships, metrics are counted and served; on a free port, since two servers may run side by side.
        "--Metrics:Listen=http://127.0.0.1:0",
        // The bench's own users: their passwords are no secret, and hashing them is not what is measured.
        "--Accounts:PasswordIterations=1000",
        "--Logging:LogLevel:Default=Error",
        .. Cluster(place),
    ];

    private static string[] Cluster(NodePlace place) =>
    [
        .. place.Postgres is { } postgres
            ? ["--Storage:Engine=postgres", $"--Storage:Postgres={postgres.ConnectionString}", $"--Accounts:SigningKey={SigningKey}"]
            : Array.Empty<string>(),
        .. place.Redis is { } redis ? ["--Cluster:Bus=redis", $"--Cluster:Redis={redis.Address}"] : Array.Empty<string>(),
    ];
}
