using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.Operations;
using SQLitePCL;

namespace Skald.Server.Storage.Sqlite;

/// <summary>Copies of the database: one taken from under a running server, and one that becomes a server's.</summary>
/// <remarks>
/// Both are whole or not there: written under another name, checked, synced, renamed. A copy is one file, without a WAL.
/// Why a second process may read what the server writes: docs/decisions/0006-backup-reads-beside-the-server.md.
/// </remarks>
internal static class SqliteBackup
{
    /// <summary>4 MB at 4 KiB a page.</summary>
    private const int PagesPerStep = 1_024;

    /// <summary>Copies the database in a data directory as it is at this moment, whether or not a server runs there.</summary>
    /// <param name="overwrite">Whether it may replace an older one.</param>
    /// <exception cref="CommandRefusedException">There is no copy; an older one is as it was.</exception>
    public static void Make(string directory, string to, bool overwrite)
    {
        (directory, to) = (Path.GetFullPath(directory), Path.GetFullPath(to));
        var file = Path.Combine(directory, SqliteFile.Name);
        if (!File.Exists(file))
            throw new CommandRefusedException($"There is no database in {directory}. Name the server's data directory with --data DIR.");
        if (Directory.Exists(to))
            throw new CommandRefusedException($"{to} is a directory. Name a file in it with --to FILE.");
        // Whatever way leads there: a server's database is not to be replaced by accident.
        if (File.Exists(Path.Combine(Path.GetDirectoryName(to)!, SqliteFile.LockName)))
            throw new CommandRefusedException(
                $"{Path.GetDirectoryName(to)} is a server's data directory. Choose another place, best on another disk, with --to FILE.");
        if (File.Exists(to) && !overwrite)
            throw new CommandRefusedException($"{to} exists. Choose another name with --to FILE, or replace it with --overwrite.");

        using var index = new WalIndex(file);
        WriteBeside(to, overwrite, part => Copy(file, part, index));
    }

    /// <summary>
    /// Makes a copy the database of a data directory that has none, as another log: with a new epoch, and nobody signed in.
    /// </summary>
    /// <param name="from">The copy; it stays as it is.</param>
    /// <param name="directory">The data directory, made if need be.</param>
    /// <param name="journal">
    /// Names what was deleted (<see cref="ErasureJournal"/>), and so is erased in the copy too; null for the one that lies in the
    /// directory.
    /// </param>
    /// <param name="now">Tokens made before it are no longer believed.</param>
    /// <returns>The new epoch, and how many messages were erased; null where there is no journal.</returns>
    /// <exception cref="CommandRefusedException">There is no database in the directory, or the one that was there is as it was.</exception>
    public static (string Epoch, int? Erased) Restore(string from, string directory, string? journal, Timestamp now)
    {
        from = Path.GetFullPath(from);
        if (!File.Exists(from))
            throw new CommandRefusedException($"There is no file {from}. Name a backup with --from FILE.");
        if (journal is not null && !File.Exists(journal))
        {
            throw new CommandRefusedException(
                $"There is no file {Path.GetFullPath(journal)}. " +
                $"Name the {ErasureJournal.Name} of the database that is replaced with --erased FILE.");
        }

        var file = SqliteFile.Prepare(directory);
        using var alone = SqliteFile.Lock(directory);
        foreach (var left in new[] { file, file + "-wal", file + "-journal" })
        {
            // A server that was stopped leaves its WAL behind, empty.
            if (File.Exists(left) && (left == file || new FileInfo(left).Length > 0))
                throw new CommandRefusedException(
                    $"{left} is in the way. Move what is in {Path.GetDirectoryName(file)} elsewhere, but for {ErasureJournal.Name}, " +
                    "or choose another directory with --data DIR.");
        }

        // This command holds the directory's lock: no server writes them any more.
        foreach (var part in SqliteFile.UnfinishedCopies(file))
            File.Delete(part);
        var known = Path.Combine(Path.GetDirectoryName(file)!, ErasureJournal.Name);
        // Before there is a database, so that one that was restored always has it: the next restore needs these lines too.
        if (journal is not null && Path.GetFullPath(journal) != known)
            ErasureJournal.Append(known, File.ReadAllBytes(journal));
        var (epoch, erased) = ("", (int?)null);
        WriteBeside(file, overwrite: false, part =>
        {
            Copy(from, part, index: null);
            (epoch, erased) = BeginAnew(part.Name, from, known, now);
        });
        return (epoch, erased);
    }

    /// <summary>Writes a file under a name of its own and gives it its name when it is whole and on disk.</summary>
    private static void WriteBeside(string path, bool overwrite, Action<FileStream> write)
    {
        var part = SqliteFile.NewPart(path);
        try
        {
            using (var file = DurableFile.CreatePrivate(part))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }

            File.Move(part, path, overwrite);
            DurableFile.SyncDirectory(Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new CommandRefusedException(
                e is SqliteException || FullDisk.IsNumber(e.HResult)
                    ? $"{path} cannot be written: its disk is full. Make room on it, or choose another place."
                    : $"{path} cannot be written ({e.Message}). Check that this user may write there, or choose another place.",
                e);
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>Copies a database in one read transaction, and checks what came out.</summary>
    /// <param name="to">The copy: empty.</param>
    /// <param name="index">Of a database that may have a WAL.</param>
    private static void Copy(string from, FileStream to, WalIndex? index)
    {
        using var copy = SqliteFile.OpenPrivate(to.Name);
        try
        {
            using var source = SqliteFile.OpenReader(from);
            // A reader cannot write and so cannot checkpoint either, but what the server's log rests on is worth saying twice.
            _ = raw.sqlite3_db_config(source.Handle, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
            CopyPages(source, copy, to, index);
        }
        catch (SqliteException e) when (!SqliteErrors.IsFull(e, copy))
        {
            throw new CommandRefusedException(
                $"{from} cannot be read as a database ({e.Message}). Check that this user may read it, or name another.",
                e);
        }

        // It came in WAL mode. One file is easier to keep, and can be read from a medium that cannot be written.
        Ask(copy, "PRAGMA journal_mode = DELETE");
        var found = Ask(copy, "PRAGMA integrity_check(1)");
        if (found != "ok")
            throw new CommandRefusedException(
                $"{from} is damaged, and so would its copy be: {found?.ReplaceLineEndings(" ")}. Use an older backup.");
        if (SqliteSchema.IsUnfinishedCopy(copy))
            throw UnfinishedCopy.Refusal(from);
    }

    /// <remarks>
    /// In steps that are synced one by one: a commit of the server on the same disk waits for a few megabytes, not for all of it.
    /// </remarks>
    private static void CopyPages(SqliteConnection source, SqliteConnection copy, FileStream file, WalIndex? index)
    {
        // In one read transaction. Without it each step would begin its own, and the copy start anew whenever something was stored
        // between two.
        Ask(source, "BEGIN; SELECT count(*) FROM sqlite_schema");
        index?.TakeAgain();
        using var backup = raw.sqlite3_backup_init(copy.Handle, "main", source.Handle, "main");
        if (backup.IsInvalid)
            SqliteException.ThrowExceptionForRC(raw.sqlite3_errcode(copy.Handle), copy.Handle);
        int step;
        do
        {
            step = raw.sqlite3_backup_step(backup, PagesPerStep);
            file.Flush(flushToDisk: true);
        }
        while (step == raw.SQLITE_OK);
        if (step != raw.SQLITE_DONE)
            SqliteException.ThrowExceptionForRC(step, copy.Handle);
    }

    private static (string Epoch, int? Erased) BeginAnew(string part, string from, string journal, Timestamp now)
    {
        using var copy = SqliteFile.OpenPrivate(part);
        if (Ask(copy, "SELECT count(*) FROM sqlite_schema WHERE name = 'server'") != "1")
            throw new CommandRefusedException($"{from} is no database of Skald. Name a backup with --from FILE.");
        SqliteSchema.Apply(copy, from);
        var epoch = SqliteSchema.BeginAnew(copy, now);
        if (!File.Exists(journal))
            return (epoch, null);
        // The pages are overwritten, and no other file has them meanwhile.
        Ask(copy, "PRAGMA secure_delete = ON");
        Ask(copy, "PRAGMA journal_mode = MEMORY");
        using var transaction = copy.BeginTransaction();
        var erased = SqliteDatabase.Result(ErasureJournal.ApplyAsync(copy, journal));
        transaction.Commit();
        return (epoch, erased);
    }

#pragma warning disable CA2100 // Our own SQL, of this file.
    private static string? Ask(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }
#pragma warning restore CA2100
}
