using System.Net.Sockets;
using Npgsql;
using Skald.Server.Database;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Postgres;

/// <summary>The PostgreSQL server of the settings: how it is connected to, and whether it keeps what it acknowledges.</summary>
internal sealed class PostgresServer
{
    private const int OldestMajor = 15;

    /// <summary>
    /// Holds for the whole session, whatever the server's, the role's or the database's defaults are: a commit is on disk, and on the
    /// synchronous standby where there is one, before it is acknowledged.
    /// </summary>
    private const string Durable = "-c synchronous_commit=on";

    /// <summary>Settings of a session by which the server's end notices within 8 s that this node is gone.</summary>
    public const string Keepalives = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3";

    /// <summary>Npgsql's defaults, in seconds and connections, which are changed where the operator has left them.</summary>
    private const int UsualTimeout = 15, UsualCommandTimeout = 30, UsualCancellation = 2000, UsualPool = 100;

    private readonly NpgsqlConnectionStringBuilder _settings;
    private readonly string _origin;
    private volatile string _hosts;   // as Host= has them, but that the primary comes first, as it was found last

    /// <param name="origin">Where the string was written: the setting, or the option of a command.</param>
    /// <exception cref="StartupRefusedException">It cannot be read.</exception>
    public PostgresServer(string connectionString, string origin = StorageOptions.PostgresSetting)
    {
        _origin = origin;
        try
        {
            _settings = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
#pragma warning disable MA0054 // Npgsql's own words may hold a part of the string, and so of its password.
            throw new StartupRefusedException(
                $"{_origin} cannot be read as a connection string. Write Host=…;Database=…;Username=…;Password=…, no URI, and quotes around a value that holds ; or =.");
#pragma warning restore MA0054
        }

        if (string.IsNullOrWhiteSpace(_settings.Host))
            throw new StartupRefusedException($"{_origin} names no server. Write Host=… there.");
        if (_settings.Timeout == UsualTimeout)
            _settings.Timeout = 2;
        if (_settings.CommandTimeout == UsualCommandTimeout)
            _settings.CommandTimeout = 10;
        // A commit that waits for its standby is ended by a cancellation as if it had succeeded, with a warning.
        if (_settings.CancellationTimeout == UsualCancellation)
            _settings.CancellationTimeout = -1;
        if (_settings.MaxPoolSize == UsualPool)
            _settings.MaxPoolSize = 20;
        if (_settings.MaxAutoPrepare == 0)
            (_settings.MaxAutoPrepare, _settings.AutoPrepareMinUsages) = (100, 2);
        _settings.ApplicationName ??= "skald";
        if (_settings.Host.Contains(',', StringComparison.Ordinal))
        {
            _settings.TargetSessionAttributes ??= "primary";
            _settings.HostRecheckSeconds = 1;
        }

        _hosts = _settings.Host;
    }

    /// <summary>For the operator: where it is, and nothing secret.</summary>
    public string Place => $"{_settings.Database ?? _settings.Username} on {_settings.Host}:{_settings.Port}";

    public int MostConnections => _settings.MaxPoolSize;

    public string ApplicationName => _settings.ApplicationName!;

    /// <summary>
    /// The primary is where this connection leads, and is asked first from now on. Npgsql asks in the order of Host=, and waits for a
    /// machine that swallows what it is sent each time: it must not stand before the one that answers.
    /// </summary>
    /// <returns>Whether it is another than before.</returns>
    public bool Found(NpgsqlConnection connection)
    {
        var all = _settings.Host!.Split(',', StringSplitOptions.TrimEntries);
        if (all.Length == 1)
            return false;
        var found = Array.FindIndex(all, host => IsAt(host, connection));
        if (found < 0)
            return false;
        var before = _hosts;
        _hosts = string.Join(',', [all[found], .. all[..found], .. all[(found + 1)..]]);
        return _hosts != before;
    }

    /// <summary>Connections that are shared: to the server that was the primary when this was called, before all others.</summary>
    /// <remarks>
    /// Each statement is planned once for whatever it is asked: planning one over the partitions of a log takes milliseconds, running it
    /// some tenths of one.
    /// </remarks>
    public NpgsqlDataSource BuildPool() =>
        new NpgsqlDataSourceBuilder(With($"{Durable} -c plan_cache_mode=force_generic_plan").ConnectionString).Build();

    /// <summary>A connection of its own, not opened yet.</summary>
    /// <param name="application">Its name in <c>pg_stat_activity</c>.</param>
    /// <param name="session">Its settings, as <c>-c name=value</c>.</param>
    /// <param name="timeout">Seconds that a command may take; 0 for any time.</param>
    public NpgsqlConnection New(string application, string session, int timeout)
    {
        var settings = With($"{Durable} {session}");
        (settings.Pooling, settings.ApplicationName, settings.CommandTimeout) = (false, application, timeout);
        return new NpgsqlConnection(settings.ConnectionString);
    }

    /// <summary>Opens a connection for what is done at start only, and checks the server.</summary>
    /// <exception cref="StartupRefusedException">It is not there, or is none that can be used; the text says what to change.</exception>
    public NpgsqlConnection OpenFirst()
    {
        var connection = New(ApplicationName, "", timeout: 0);
        try
        {
            connection.Open();
            Check(connection);
            Found(connection);
            return connection;
        }
        catch (Exception e)
        {
            connection.Dispose();
            if (Refusal(e) is { } refusal)
                throw refusal;
            throw;
        }
    }

    /// <summary>What an operator can do about an error while it starts; null for what is none of PostgreSQL's.</summary>
    public StartupRefusedException? Refusal(Exception e) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } =>
            Refused("there is no such database. Make it with createdb, or correct Database=…", e),
        PostgresException postgres when PostgresErrors.IsIn(postgres, "28") =>
            Refused($"PostgreSQL refuses the user ({postgres.MessageText}). Correct Username=… and Password=…, or its pg_hba.conf", e),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } postgres =>
            Refused($"the user may not do what is needed ({postgres.MessageText}). Make it the owner of the database", e),
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } => ReadOnly(e),
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } =>
            Refused("the disk of PostgreSQL is full. Make room on it", e),
        PostgresException postgres when PostgresErrors.CodeOf(e) is not null =>
            Refused($"PostgreSQL cannot be used now ({postgres.MessageText}). Start again when it can, or correct the setting", e),
        NpgsqlException { InnerException: SocketException or TimeoutException or IOException or AggregateException } or TimeoutException =>
            Refused($"PostgreSQL cannot be reached ({Cause(e)}). Start it, or correct Host=… and Port=…", e),
        NpgsqlException => Refused($"PostgreSQL cannot be used ({e.Message.TrimEnd('.')}). Correct the setting", e),
        _ => null,
    };

    private static string Cause(Exception e)
    {
        var last = e;
        while (last.InnerException is { } inner)
            last = inner;
        return last.Message.TrimEnd('.');
    }

    private void Check(NpgsqlConnection connection)
    {
        if (connection.PostgreSqlVersion.Major < OldestMajor)
            throw Refused($"PostgreSQL is {connection.PostgreSqlVersion} there, and Skald needs {OldestMajor} or newer. Upgrade it");
        if (Show(connection, "transaction_read_only") != "off")
            throw ReadOnly(cause: null);
        if (Show(connection, "server_encoding") is var encoding and not "UTF8")
            throw Refused($"the database's encoding is {encoding}, which cannot hold every text. Make one with createdb -E UTF8 -T template0");
        foreach (var setting in new[] { "fsync", "full_page_writes", "synchronous_commit" })
        {
            if (Show(connection, setting) is var value and not "on")
                throw Refused($"PostgreSQL runs with {setting} = {value} where on is needed to keep every acknowledged message. Change it there");
        }
    }

    private StartupRefusedException ReadOnly(Exception? cause) => Refused(
        "the database is read-only: a standby, or default_transaction_read_only is on. Name the primary, or all servers in Host=…",
        cause);

    private StartupRefusedException Refused(string why, Exception? cause = null)
    {
        var sentence = $"The database {Place} cannot be used: {why} ({_origin}).";
        return cause is null ? new(sentence) : new(sentence, cause);
    }

#pragma warning disable CA2100 // Our own names of settings, which are no parameters.
    /// <returns>The value of a setting in force for this connection.</returns>
    public static string Show(NpgsqlConnection connection, string setting)
    {
        using var command = new NpgsqlCommand($"SHOW {setting}", connection);
        return (string)command.ExecuteScalar()!;
    }
#pragma warning restore CA2100

    /// <param name="host">Of Host=, with a port or without.</param>
    private bool IsAt(string host, NpgsqlConnection connection) =>
        host == $"{connection.Host}:{connection.Port}" || (host == connection.Host && connection.Port == _settings.Port);

    private NpgsqlConnectionStringBuilder With(string options)
    {
        var settings = new NpgsqlConnectionStringBuilder(_settings.ConnectionString) { Host = _hosts };
        settings.Options = $"{settings.Options} {options}".Trim();
        return settings;
    }
}
