namespace Skald.Bench.Targets;

/// <summary>A peer from <c>bench/Peers</c>.</summary>
internal sealed class DotnetPeer(string name, string project, Dialect? dialect) : Target
{
    public override string Name => name;

    public override Dialect? Dialect => dialect;

    /// <summary>It takes <c>--port</c>, and not ASP.NET Core's <c>--urls</c>.</summary>
    public bool TakesBarePort { get; init; }

    /// <summary>It writes to disk, and takes <c>--data</c>.</summary>
    public bool TakesData { get; init; }

    public override Task PublishAsync(Workspace workspace, CancellationToken cancellation) =>
        DotnetPublishAsync(workspace, $"bench/Peers/{project}", name, cancellation);

    public override IReadOnlyList<string> CommandLine(Workspace workspace, NodePlace place)
    {
        var program = Path.Combine(workspace.Published(name), project);
        if (TakesBarePort)
            return [program, "--port", $"{place.Port}"];
        List<string> commandLine = [program, "--urls", $"http://127.0.0.1:{place.Port}"];
        if (TakesData)
            commandLine.AddRange(["--data", place.DataDirectory]);
        if (place.Postgres is { } postgres)
        {
            var pool = $"Maximum Pool Size={PostgresServer.PoolSize};Max Auto Prepare=4";
            commandLine.AddRange(["--postgres", $"{postgres.ConnectionString};{pool}"]);
        }

        if (place.Redis is { } redis)
            commandLine.AddRange(["--redis", redis.Address]);
        return commandLine;
    }
}
