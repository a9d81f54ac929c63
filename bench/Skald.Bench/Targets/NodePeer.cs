namespace Skald.Bench.Targets;

/// <summary>The npm package <c>ws</c>, where Node is there.</summary>
internal sealed class NodePeer : Target
{
    private const string Project = "bench/Peers/node-ws";

    public override string Name => "node-ws";

    public override Dialect Dialect => Dialect.RoomSocket;

    public override bool TakesPartUnasked { get; init; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, "node")));

    public override Task PublishAsync(Workspace workspace, CancellationToken cancellation) =>
        ToolRun.RunAsync(workspace.Project(Project), "npm", ["ci", "--no-audit", "--no-fund"], cancellation);

    public override IReadOnlyList<string> CommandLine(Workspace workspace, int port, string dataDirectory) =>
        ["node", Path.Combine(workspace.Project(Project), "server.js"), "--port", $"{port}"];
}
