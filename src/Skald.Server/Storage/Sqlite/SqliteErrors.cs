using Microsoft.Data.Sqlite;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Sqlite;

/// <summary>What SQLite's result codes mean here (sqlite.org/rescode.html).</summary>
internal static class SqliteErrors
{
    private const int
        Busy = 5,
        Locked = 6,
        NoMemory = 7,
        ReadOnly = 8,
        IoError = 10,
        Corrupt = 11,
        Full = 13,
        CannotOpen = 14,
        NoDatabase = 26;

    /// <summary>Extended codes: a write failed; the index of the WAL, in <c>-shm</c>, could not grow.</summary>
    private const int IoErrorOfWrite = IoError | (3 << 8), IoErrorOfIndexSize = IoError | (19 << 8);

    /// <summary>Whether there was no room for what was to be written. Nothing that was written before is in doubt.</summary>
    /// <remarks>
    /// SQLite has a code for a full disk, but only for what it writes into the database and its WAL; of a quota, of the WAL's index and
    /// of files that it cannot make it says less. A failed fsync is never one of these, whatever the system gives as its cause: it may
    /// have lost what was written.
    /// </remarks>
    /// <param name="connection">That which it was thrown for, not used since; null where it is not known.</param>
    public static bool IsFull(SqliteException e, SqliteConnection? connection) => e.SqliteErrorCode switch
    {
        Full => true,
        CannotOpen => IsNoRoom(connection),
        IoError => e.SqliteExtendedErrorCode == IoErrorOfIndexSize || (e.SqliteExtendedErrorCode == IoErrorOfWrite && IsNoRoom(connection)),
        _ => false,
    };

    /// <summary>Another program holds the file for longer than we wait, or there is no memory at this moment: that passes.</summary>
    public static bool IsPassing(SqliteException e) => e.SqliteErrorCode is Busy or Locked or NoMemory;

    public static bool IsLocked(SqliteException e) => e.SqliteErrorCode is Busy or Locked;

    /// <summary>What is in the file is no sound database.</summary>
    public static bool IsUnsound(SqliteException e) => e.SqliteErrorCode is Corrupt or NoDatabase;

    /// <summary>The disk or the file failed: what the system calls stored may not be.</summary>
    public static bool IsFailure(SqliteException e) => e.SqliteErrorCode is IoError or Corrupt or ReadOnly or CannotOpen or NoDatabase;

    private static bool IsNoRoom(SqliteConnection? connection) =>
        connection?.Handle is { } database && FullDisk.IsNumber(SqliteNative.SystemErrorNumber(database.DangerousGetHandle()));
}
