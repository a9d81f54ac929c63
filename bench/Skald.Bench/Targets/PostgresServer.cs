using System.Globalization;
using Skald.Bench.Machine;

namespace Skald.Bench.Targets;

/// <summary>A PostgreSQL of the bench's own, in a temporary directory: a commit is on disk before it is answered.</summary>
/// <remarks>As user <c>postgres</c> where root runs the bench, which PostgreSQL refuses to run as.</remarks>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "postgres";

    /// <summary>Where Debian's and PostgreSQL's own packages put a version's programs.</summary>
    private const string Versions = "/usr/lib/postgresql";

    /// <summary>
    /// The same for all targets. A checkpoint within a run would disturb one of them; connections are for five nodes with a pool each.
    /// </summary>
    private static readonly string[] Settings =
    [
        "fsync=on", "synchronous_commit=on", "full_page_writes=on", "listen_addresses=127.0.0.1", "max_connections=300",
        "shared_buffers=256MB", "max_wal_size=8GB", "checkpoint_timeout=30min",
    ];

    private static readonly string? FoundPrograms = FindPrograms();

    private readonly string _directory;
    private readonly int _port;
    private readonly ServerProcess _process;

    private PostgresServer(string directory, int port, ServerProcess process) => (_directory, _port, _process) = (directory, port, process);

    /// <summary>Connections that each node of a peer keeps in its pool.</summary>
    public const int PoolSize = 20;

    /// <summary>Where a client of .NET finds the database.</summary>
    public string ConnectionString => string.Create(
        CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={_port};Username=skald;Database=postgres");

    /// <summary>The same as a URI.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"postgres://skald@127.0.0.1:{_port}/postgres");

    /// <summary>Whether its programs are on this machine.</summary>
    public static bool IsInstalled => FoundPrograms is not null;

    /// <summary>The postmaster, of which all others are children.</summary>
    public int ProcessId => _process.Id;

    public static async Task<PostgresServer> StartAsync(CoreList cores, CancellationToken cancellation)
    {
        var directory = Directory.CreateTempSubdirectory("skald-bench-postgres-").FullName;
        if (Environment.IsPrivilegedProcess)
            await ToolRun.RunAsync("/", "chown", [User, directory], cancellation);
        var data = Path.Combine(directory, "data");
        var initdb = As("initdb", ["-D", data, "-U", "skald", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8"]);
        await ToolRun.RunAsync("/", initdb[0], initdb[1..], cancellation);
        var port = ServerProcess.FreePort();
        string[] arguments =
        [
            "-D", data, "-p", port.ToString(CultureInfo.InvariantCulture), "-c", $"unix_socket_directories={directory}",
            .. Settings.SelectMany(setting => new[] { "-c", setting }),
        ];
        var process = ServerProcess.Start("PostgreSQL", cores, As("postgres", arguments), new Dictionary<string, string>());
        var server = new PostgresServer(directory, port, process);
        try
        {
            await process.UntilAsync(() => AnswersAsync(port, cancellation), cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary><c>SIGINT</c>, its fast shutdown: killed, it would leave its shared memory behind.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await ToolRun.RunAsync("/", "kill", ["-INT", ProcessId.ToString(CultureInfo.InvariantCulture)], CancellationToken.None);
        await _process.EndedAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static string Programs =>
        FoundPrograms ?? throw new InvalidOperationException($"PostgreSQL's programs are not in {Versions}: apt-get install postgresql.");

    private static string[] As(string program, string[] arguments)
    {
        var path = Path.Combine(Programs, program);
        return Environment.IsPrivilegedProcess
            ? ["setpriv", $"--reuid={User}", $"--regid={User}", "--clear-groups", path, .. arguments]
            : [path, .. arguments];
    }

    /// <summary>Those of the newest version; null where there is none.</summary>
    private static string? FindPrograms() => Directory.Exists(Versions)
        ? Directory.GetDirectories(Versions)
            .OrderByDescending(version => int.Parse(Path.GetFileName(version).Split('.')[0], CultureInfo.InvariantCulture))
            .Select(version => Path.Combine(version, "bin"))
            .FirstOrDefault(programs => File.Exists(Path.Combine(programs, "postgres")))
        : null;

    private static async Task<bool> AnswersAsync(int port, CancellationToken cancellation)
    {
        try
        {
            var portText = port.ToString(CultureInfo.InvariantCulture);
            string[] arguments = ["-q", "-h", "127.0.0.1", "-p", portText];
            await ToolRun.RunAsync("/", Path.Combine(Programs, "pg_isready"), arguments, cancellation);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
