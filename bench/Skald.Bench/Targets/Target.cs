namespace Skald.Bench.Targets;

/// <summary>A server that can be measured.</summary>
internal abstract class Target
{
    /// <summary>All of them, in the order in which they take turns.</summary>
    public static IReadOnlyList<Target> All { get; } =
    [
        new DotnetPeer("floor", "Floor", Dialect.RoomSocket) { TakesBarePort = true },
        new SkaldTarget("skald", Dialect.RoomSocket),
        new SkaldTarget("skald-socket", Dialect.SkaldSocket) { TakesPartUnasked = false },
        new SkaldTarget(Before, Dialect.RoomSocket) { TakesPartUnasked = false, Directory = workspace => workspace.BeforeDirectory! },
        new DotnetPeer("websocket", "WebSocket", Dialect.RoomSocket),
        new DotnetPeer("signalr", "SignalR", Dialect.SignalR) { KeepsTotalOrder = false },
        new NodePeer("node-ws", "node-ws", Dialect.RoomSocket),
        new DotnetPeer("kestrel", "Kestrel", dialect: null),
        new DotnetPeer("sqlite", "Sqlite", dialect: null) { TakesData = true },
        new SkaldTarget("skald-pg", Dialect.RoomSocket) { NeedsPostgres = true },
        new SkaldTarget("skald-redis-pg", Dialect.RoomSocket) { NeedsPostgres = true, NeedsRedis = true, TakesPartUnasked = false },
        new DotnetPeer("signalr-redis-pg", "SignalRRedisPostgres", Dialect.SignalR)
        {
            Acks = AckDialect.SignalR,
            NeedsPostgres = true,
            NeedsRedis = true,
        },
        new NodePeer("socketio-pg", "SocketIoPostgres", Dialect.SocketIo) { Acks = AckDialect.SocketIo, NeedsPostgres = true },
    ];

    /// <summary>The name of the Skald of <c>--before</c>.</summary>
    public const string Before = "before";

    public abstract string Name { get; }

    /// <summary>How its rooms are spoken to; null for one that has none.</summary>
    public abstract Dialect? Dialect { get; }

    /// <summary>How a client sends that waits for an ack; null where there is none.</summary>
    public virtual AckDialect? Acks { get; init; }

    /// <summary>Whether it stores in a PostgreSQL, which its nodes share: a target of <c>cluster</c> alone.</summary>
    public bool NeedsPostgres { get; init; }

    /// <summary>Whether its nodes tell each other by Redis.</summary>
    public bool NeedsRedis { get; init; }

    /// <summary>Whether all readers of a room see one order; else only each sender's own messages keep theirs.</summary>
    public bool KeepsTotalOrder { get; init; } = true;

    /// <summary>Whether it has accounts, acks, a history and resume.</summary>
    public virtual bool IsSkald => false;

    /// <summary>Whether it is compared when nobody says what to compare, and what it needs is there.</summary>
    public virtual bool TakesPartUnasked { get; init; } = true;

    /// <summary>Whether the machine has the servers that it stands on.</summary>
    public bool HasWhatItNeeds =>
        (!NeedsPostgres || PostgresServer.IsInstalled) && (!NeedsRedis || ToolRun.IsOnPath(RedisServer.Program));

    /// <summary>Builds it as one would to run it in earnest.</summary>
    public abstract Task PublishAsync(Workspace workspace, CancellationToken cancellation);

    /// <summary>The program and its arguments.</summary>
    public abstract IReadOnlyList<string> CommandLine(Workspace workspace, NodePlace place);

    protected static Task DotnetPublishAsync(Workspace workspace, string project, string target, CancellationToken cancellation) =>
        ToolRun.RunAsync(
            workspace.Root,
            "dotnet",
            ["publish", workspace.Project(project), "--configuration", "Release", "--output", workspace.Published(target), "--nologo"],
            cancellation);
}
