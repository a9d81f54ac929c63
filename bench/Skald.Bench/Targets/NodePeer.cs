namespace Skald.Bench.Targets;

/// <summary>A peer from <c>bench/Peers</c> that runs on Node, where that is there.</summary>
internal sealed class NodePeer(string name, string project, Dialect dialect) : Target
{
    private readonly string _project = $"bench/Peers/{project}";

    public override string Name => name;

    public override Dialect Dialect => dialect;

    public override bool TakesPartUnasked { get; init; } = ToolRun.IsOnPath("node");

    public override Task PublishAsync(Workspace workspace, CancellationToken cancellation) =>
        ToolRun.RunAsync(workspace.Project(_project), "npm", ["ci", "--no-audit", "--no-fund"], cancellation);

    public override IReadOnlyList<string> CommandLine(Workspace workspace, NodePlace place)
    {
        List<string> commandLine = ["node", Path.Combine(workspace.Project(_project), "server.js"), "--port", $"{place.Port}"];
        if (place.Postgres is { } postgres)
            commandLine.AddRange(["--postgres", postgres.Address, "--pool", $"{PostgresServer.PoolSize}"]);
        return commandLine;
    }
}
