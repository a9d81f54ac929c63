using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Npgsql;

[assembly: AssemblyFixture(typeof(Skald.Tests.Harness.SharedPostgres))]

namespace Skald.Tests.Harness;

/// <summary>A PostgreSQL server of the tests' own, from Debian's package, in a temporary directory and on a free port.</summary>
/// <remarks>As user <c>postgres</c> where root runs the tests, which PostgreSQL refuses to run as.</remarks>
internal sealed class PostgresServer : IAsyncDisposable
{
    public const string Programs = "/usr/lib/postgresql/15/bin";

    private const string User = "postgres";

    private readonly string _directory;
    private readonly string[] _settings;
    private Process? _process;

    private PostgresServer(string directory, int port, string[] settings) => (_directory, Port, _settings) = (directory, port, settings);

    public int Port { get; }

    public string Log => File.ReadAllText(Path.Combine(_directory, "log"));

    /// <param name="settings">As <c>fsync=off</c>.</param>
    public static async Task<PostgresServer> StartAsync(params string[] settings)
    {
        var directory = Directory.CreateTempSubdirectory("skald-postgres-").FullName;
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", User, directory);
        var server = new PostgresServer(directory, FreePort.Find(), settings);
        try
        {
            await RunAsync(As("initdb", "-D", server.Data, "-U", "skald", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8", "--no-sync"));
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts another server that follows this one, and is asynchronous unless this one's settings say otherwise.</summary>
    /// <param name="settings">As of <see cref="StartAsync"/>.</param>
    public async Task<PostgresServer> StartStandbyAsync(params string[] settings)
    {
        var directory = Directory.CreateTempSubdirectory("skald-postgres-").FullName;
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", User, directory);
        var standby = new PostgresServer(directory, FreePort.Find(), settings);
        await RunAsync(As(
            "pg_basebackup", "-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", "skald", "-D", standby.Data,
            "--write-recovery-conf", "--checkpoint=fast", "--no-sync"));
        await standby.StartAgainAsync();
        return standby;
    }

    /// <summary>Waits until its standby has everything.</summary>
    public Task WaitForStandbyAsync() => Deadline.UntilAsync(
        async () => await ExecuteAsync(
            "postgres", "SELECT count(*) = 1 AND bool_and(replay_lsn >= pg_current_wal_lsn()) FROM pg_stat_replication") is true,
        "the standby has everything");

    /// <summary>Where a client finds a database, by TCP.</summary>
    public string ConnectionString(string database) =>
        string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={Port};Username=skald;Database={database}");

    /// <summary>Starts it on its data once more.</summary>
    public async Task StartAgainAsync()
    {
        string[] options =
        [
            "-D", Data, "-p", Port.ToString(CultureInfo.InvariantCulture), "-c", "listen_addresses=127.0.0.1",
            "-c", $"unix_socket_directories={_directory}", "-c", "max_connections=300", "-c", "shared_buffers=64MB",
            .. _settings.SelectMany(setting => new[] { "-c", setting }),
        ];
        var command = As("postgres", options);
        var log = Path.Combine(_directory, "log");
        // A shell of its own keeps the log, whoever reads it when.
        const string WithLog = "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1";
        _process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", WithLog, "sh", log, .. command])
        {
            WorkingDirectory = "/",
        })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
                await connection.OpenAsync(deadline.Token);
                return;
            }
            catch (NpgsqlException) when (!_process.HasExited)
            {
                await Task.Delay(20, deadline.Token);
            }
        }
    }

    /// <summary>Makes a standby the primary.</summary>
    public async Task PromoteAsync() => Assert.Equal(true, await ExecuteAsync("postgres", "SELECT pg_promote()"));

    /// <summary>Starts it anew as a standby of nobody, and makes it a primary: with another timeline.</summary>
    public async Task StartOnAnotherTimelineAsync()
    {
        await StopAsync();
        await File.WriteAllTextAsync(Path.Combine(Data, "standby.signal"), "", Deadline.Token());
        await StartAgainAsync();
        await PromoteAsync();
    }

    /// <summary><c>SIGINT</c>, PostgreSQL's fast shutdown: every client is cut off.</summary>
    public Task StopAsync()
    {
        _ = Kill(_process!.Id, 2);
        return _process.WaitForExitAsync(Deadline.Token());
    }

    /// <summary><c>SIGKILL</c> to all of its processes, as if its machine were gone.</summary>
    public Task KillAsync()
    {
        Stop();
        return _process!.WaitForExitAsync(Deadline.Token());
    }

    /// <summary><c>SIGSTOP</c> to all of its processes: connections stay, and nothing answers.</summary>
    public void Freeze() => SignalAll(19);

    /// <summary><c>SIGCONT</c>.</summary>
    public void Thaw() => SignalAll(18);

    /// <summary>Runs SQL as its superuser.</summary>
    public async Task<object?> ExecuteAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync(Deadline.Token());
#pragma warning disable CA2100 // The tests' own SQL.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(Deadline.Token());
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        if (_process is { } process)
        {
            await process.WaitForExitAsync();
            _process = null;
            process.Dispose();
        }

        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Kills it, frozen or not.</summary>
    public void Stop()
    {
        if (_process is { HasExited: false })
            SignalAll(9);
    }

    private string Data => Path.Combine(_directory, "data");

    private void SignalAll(int signal)
    {
        var children = File.ReadAllText($"/proc/{_process!.Id}/task/{_process.Id}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture));
        foreach (var id in children.Prepend(_process.Id))
            _ = Kill(id, signal);
    }

    private static string[] As(string program, params string[] arguments) => Environment.IsPrivilegedProcess
        ? ["setpriv", $"--reuid={User}", $"--regid={User}", "--clear-groups", $"{Programs}/{program}", .. arguments]
        : [$"{Programs}/{program}", .. arguments];

    private static async Task RunAsync(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = "/",
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{command[0]}: {await output}{await error}");
    }

#pragma warning disable SYSLIB1054 // One call of a test.
    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
#pragma warning restore SYSLIB1054
}
