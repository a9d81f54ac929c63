using Microsoft.Data.Sqlite;
using Skald.Server.Operations;
using SQLitePCL;

namespace Skald.Server.Storage.Sqlite;

/// <summary>Opens the database file so that a commit is a promise, and refuses where it could not be one.</summary>
internal static class SqliteFile
{
    public const string Name = "skald.db", LockName = "skald.lock";

    private const string Part = ".part";

    /// <summary>The error numbers for a lock that is held: EWOULDBLOCK of flock(2), and ERROR_SHARING_VIOLATION.</summary>
    private const int WouldBlock = 11, WouldBlockOnMac = 35, SharingViolation = unchecked((int)0x80070020);

    /// <summary>
    /// The first without the WAL-reset bug, which can damage a database that two connections use (sqlite.org/wal.html, section 11).
    /// </summary>
    private static readonly Version OldestSqlite = new(3, 51, 3);

    private static readonly string[] Forgetful = ["tmpfs", "ramfs", "nfs", "nfs4", "cifs", "smb2"];

    public static Library Library
    {
        get
        {
            using var connection = new SqliteConnection();
            return new("SQLite", connection.ServerVersion);
        }
    }

    /// <summary>Has SQLite take no mutex at each call (its multi-thread mode): here one thread at a time uses a connection.</summary>
    /// <remarks>
    /// The locks were a tenth of a page of history. It holds for the whole process, from its first connection on, so it is for a
    /// program that is all ours. Every command must be disposed, or the collector's thread would end it beside its connection's
    /// (sqlite.org/threadsafe.html, multi-thread).
    /// </remarks>
    public static void LeaveOutLocks()
    {
        Batteries_V2.Init();
        if (raw.sqlite3_config(raw.SQLITE_CONFIG_MULTITHREAD) != raw.SQLITE_OK)
            throw new InvalidOperationException("SQLite is in use already.");
    }

    /// <returns>The file's full path, in a directory that exists and survives a power cut.</returns>
    public static string Prepare(string directory)
    {
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(directory);
            else
                Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupRefusedException(
                $"The data directory {Path.GetFullPath(directory)} cannot be made ({e.Message}). Choose another with --data DIR.",
                e);
        }

        var path = Path.GetFullPath(directory);
        // Memory forgets; network file systems neither share memory between connections nor sync as they say (sqlite.org/wal.html).
        var kind = new DriveInfo(path).DriveFormat;
        if (Array.Exists(Forgetful, v => string.Equals(v, kind, StringComparison.OrdinalIgnoreCase)))
            throw new StartupRefusedException(
                $"The data directory {path} is on {kind}, which does not keep what is written through a power cut. Choose a directory on a local disk with --data DIR.");
        return Path.Combine(path, Name);
    }

    /// <summary>One process at a time: two that write would end each other's promises.</summary>
    public static FileStream Lock(string directory)
    {
        var path = Path.Combine(Path.GetFullPath(directory), LockName);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.None);
        }
        catch (IOException e) when (e.HResult is WouldBlock or WouldBlockOnMac or SharingViolation)
        {
            throw new StartupRefusedException(
                $"Another Skald uses {Path.GetFullPath(directory)}. Stop it, or choose another directory with --data DIR.",
                e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupRefusedException($"The lock file {path} cannot be written ({e.Message}). Give this user the directory and what is in it, or choose another with --data DIR.", e);
        }
    }

    /// <summary>Opens the database in the newest schema; makes it where there is none, or leaves nothing behind.</summary>
    /// <param name="mayBeUnfinished">Whether it may be an <see cref="UnfinishedCopy"/>: for the copy itself.</param>
    public static SqliteConnection OpenWriter(string file, WalIndex index, bool mayBeUnfinished = false)
    {
        var isNew = !File.Exists(file);
        if (isNew)
        {
            if (UnfinishedCopies(file) is [var part, ..])
                throw new StartupRefusedException(
                    $"A restore was ended before the database {file} was whole. Run skald restore again; or delete {part} to start without any message.");
            // SQLite gives the -wal and -shm files the mode of the database.
            DurableFile.CreatePrivate(file).Dispose();
        }

        var connection = Connect(file, SqliteOpenMode.ReadWriteCreate);
        try
        {
            connection.Open();
            SetUp(connection, file, index);
            SqliteSchema.Apply(connection, file);
            if (!mayBeUnfinished && SqliteSchema.IsUnfinishedCopy(connection))
                throw UnfinishedCopy.Refusal(file);
            return connection;
        }
        catch (Exception e)
        {
            var refusal = e is SqliteException sqlite ? Refusal(file, sqlite, connection) : null;
            connection.Dispose();
            if (isNew)
                Delete(file);
            if (refusal is null)
                throw;
            throw refusal;
        }
    }

    private static void SetUp(SqliteConnection connection, string file, WalIndex index)
    {
        // Only this connection checkpoints: by itself, after a commit that leaves 4,000 pages (16 MB) in the WAL. With a quarter of
        // that, busy rooms cost a tenth more: their newest pages are copied each time.
        Set(connection, file, "journal_mode", "wal");
        KeepFilesAtClose(connection);
        Set(connection, file, "synchronous", "2", "FULL");
        Set(connection, file, "foreign_keys", "1", "ON");
        Set(connection, file, "wal_autocheckpoint", "4000");
        // What is erased is overwritten with zeros in its page, not only unlinked.
        Set(connection, file, "secure_delete", "1", "ON");
        // A database shell or a backup may hold the file for a moment.
        Set(connection, file, "busy_timeout", "2000");
        using var probe = connection.CreateCommand();
        probe.CommandText = "BEGIN IMMEDIATE; ROLLBACK";
        probe.ExecuteNonQuery();
        index.TakeAgain();
    }

    /// <summary>
    /// Has the writer leave an empty WAL when it closes and has brought into the database what was in it. For its last moment: a WAL
    /// that starts over would be cut too.
    /// </summary>
    public static void EmptyWalAtClose(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_size_limit = 0";
        command.ExecuteNonQuery();
    }

    /// <summary>
    /// Has the writer leave its <c>-wal</c> and <c>-shm</c>, which who closes last would delete. The next start needs the room that the
    /// latter has: on a disk that has filled up meanwhile there would be none, and nothing could be read.
    /// </summary>
    private static void KeepFilesAtClose(SqliteConnection connection)
    {
        const int PersistWal = 10;   // SQLITE_FCNTL_PERSIST_WAL
        var on = 1;
        _ = SqliteNative.ControlFile(connection.Handle!.DangerousGetHandle(), "main", PersistWal, ref on);
    }

    public static SqliteConnection OpenReader(string file)
    {
        var connection = Open(file, SqliteOpenMode.ReadOnly);
        Set(connection, file, "query_only", "1", "ON");
        Set(connection, file, "wal_autocheckpoint", "0");
        return connection;
    }

    /// <summary>Deletes a database that came to nothing, and SQLite's files beside it.</summary>
    public static void Delete(string file)
    {
        foreach (var one in new[] { file, file + "-wal", file + "-shm" })
            File.Delete(one);
    }

    /// <summary>The name of a copy until it is whole and gets its own.</summary>
    public static string NewPart(string file) => $"{file}.{Path.GetRandomFileName()}{Part}";

    /// <summary>What copies to this name left behind that were killed, with SQLite's own files beside them.</summary>
    public static string[] UnfinishedCopies(string file) =>
        Directory.GetFiles(Path.GetDirectoryName(file)!, $"{Path.GetFileName(file)}.*{Part}*");

    /// <summary>A database that only this connection uses, and that the caller syncs when it is whole.</summary>
    public static SqliteConnection OpenPrivate(string file)
    {
        var connection = Open(file, SqliteOpenMode.ReadWrite);
        Set(connection, file, "locking_mode", "exclusive");
        Set(connection, file, "synchronous", "0", "OFF");
        return connection;
    }

    /// <summary>What an operator can do about an error while opening.</summary>
    /// <param name="connection">Whose it is, where that is known.</param>
    public static StartupRefusedException Refusal(string file, SqliteException e, SqliteConnection? connection) => e switch
    {
        _ when SqliteErrors.IsFull(e, connection) => new(FullDisk.Sentence(Path.GetDirectoryName(file)!), e),
        _ when SqliteErrors.IsLocked(e) =>
            new($"The database {file} is locked by another program. Close it (a database shell, a backup), then start again.", e),
        _ when SqliteErrors.IsUnsound(e) =>
            new($"{file} is not a sound SQLite database ({e.Message}). Restore a backup, or choose another directory with --data DIR.", e),
        _ => new($"The database {file} cannot be opened ({e.Message}). Check the directory's permissions and free space, or choose another with --data DIR.", e),
    };

    /// <summary>Sets a pragma and reads it back: another build of SQLite may have other defaults, or no such pragma.</summary>
    public static void Set(SqliteConnection connection, string file, string pragma, string expected, string? word = null)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A pragma takes no parameters; these are our own constants.
        command.CommandText = $"PRAGMA {pragma} = {word ?? expected}";
        command.ExecuteNonQuery();
        command.CommandText = $"PRAGMA {pragma}";
#pragma warning restore CA2100
        var actual = Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
        if (!string.Equals(actual, expected, StringComparison.OrdinalIgnoreCase))
            throw new StartupRefusedException(
                $"The database {file} runs with {pragma} = {actual} where {word ?? expected} is needed to keep every acknowledged message. Choose a directory on a local disk with --data DIR.");
    }

    public static void RefuseOldSqlite(Version version)
    {
        if (version < OldestSqlite)
            throw new StartupRefusedException(
                $"SQLite is {version} here, and before {OldestSqlite} it can damage a database that is read and written at once. Put the library that comes with Skald beside the program, or a newer one.");
    }

    private static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        var connection = Connect(file, mode);
        connection.Open();
        return connection;
    }

    private static SqliteConnection Connect(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = file,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = 2,
        }.ConnectionString);
        RefuseOldSqlite(new Version(connection.ServerVersion));
        return connection;
    }
}
