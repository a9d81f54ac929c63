using Npgsql;
using Skald.Protocol;

namespace Skald.Server.Storage.Postgres;

/// <summary>What PostgreSQL's SQLSTATEs mean here (postgresql.org/docs/current/errcodes-appendix.html), and what Npgsql adds.</summary>
internal static class PostgresErrors
{
    /// <summary>Two transactions got in each other's way, and this one is undone: run again, it may succeed.</summary>
    public static bool IsConflict(Exception e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>
    /// PostgreSQL is not there, or not as it must be: it stopped, the network lost it, or this server of several takes no writes any
    /// more. Another connection may find it.
    /// </summary>
    public static bool IsAway(Exception e) => e switch
    {
        PostgresException postgres =>
            IsIn(postgres, "57P", "08", "28", "3D") || postgres.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction,
        NpgsqlException => true,   // the socket, or its time-out
        _ => false,
    };

    public static bool IsFull(Exception e) => e is PostgresException { SqlState: PostgresErrorCodes.DiskFull };

    /// <summary>
    /// What callers are told where nothing was stored. Null for what no operator can change: a constraint that is violated, a fault of
    /// ours.
    /// </summary>
    public static ErrorCode? CodeOf(Exception e) => e switch
    {
        _ when IsFull(e) => ErrorCode.StorageFull,
        _ when IsConflict(e) => ErrorCode.Overloaded,
        // Locks and statements that took too long; connections, memory or locks that are used up.
        PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled } => ErrorCode.Overloaded,
        PostgresException postgres when IsIn(postgres, "53") => ErrorCode.Overloaded,
        _ when IsAway(e) => ErrorCode.StorageFailed,
        // The disk, or what is on it.
        PostgresException postgres when IsIn(postgres, "58", "XX") => ErrorCode.StorageFailed,
        _ => null,
    };

    /// <summary>Whether it is of one of these classes: the first letters of a SQLSTATE.</summary>
    public static bool IsIn(PostgresException e, params ReadOnlySpan<string> classes)
    {
        foreach (var one in classes)
        {
            if (e.SqlState.StartsWith(one, StringComparison.Ordinal))
                return true;
        }

        return false;
    }
}
