using Skald.Bench.Machine;

namespace Skald.Bench.Targets;

/// <summary>Where one node of a target stands.</summary>
/// <param name="Postgres">The database of all its nodes; null for a target that has none.</param>
/// <param name="Redis">What its nodes tell each other by; null for a target that needs none.</param>
internal sealed record NodePlace(int Port, string DataDirectory, PostgresServer? Postgres, RedisServer? Redis);

/// <summary>What all servers of a scenario are started with.</summary>
/// <param name="Arguments">More of the targets' command line.</param>
/// <param name="Environment">More of the targets' environment.</param>
internal sealed record ServerOptions(
    Workspace Workspace, CoreList Cores, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment);
