namespace Skald.Bench.Targets;

/// <summary>Skald as it is served: every message on disk before anyone sees it. Only the rate and count limits are off.</summary>
internal sealed class SkaldTarget : Target
{
    private const string Program = "skald";

    public override string Name => "skald";

    public override Dialect Dialect => Dialect.RoomSocket;

    public override bool IsSkald => true;

    public override Task PublishAsync(Workspace workspace, CancellationToken cancellation) =>
        workspace.SkaldDirectory is null ? DotnetPublishAsync(workspace, "src/Skald.Server", Name, cancellation) : Task.CompletedTask;

    public override IReadOnlyList<string> CommandLine(Workspace workspace, int port, string dataDirectory) =>
    [
        Path.Combine(workspace.SkaldDirectory ?? workspace.Published(Name), Program),
        "--urls", $"http://127.0.0.1:{port}",
        "--data", dataDirectory,
        "--Limits:Enabled=false",
        // As it ships, metrics are counted and served; on a free port, since two servers may run side by side.
        "--Metrics:Listen=http://127.0.0.1:0",
        // The bench's own users: their passwords are no secret, and hashing them is not what is measured.
        "--Accounts:PasswordIterations=1000",
        "--Logging:LogLevel:Default=Error",
    ];
}
