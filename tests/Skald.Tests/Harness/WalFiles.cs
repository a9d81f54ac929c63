using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Skald.Tests.Harness;

/// <summary>The database of a server seen from outside: how far its WAL and its checkpoints are.</summary>
internal sealed class WalFiles(string data)
{
    private readonly string _database = Path.Combine(data, "skald.db");

    public long Length => new FileInfo(_database + "-wal") is { Exists: true } wal ? wal.Length : 0;

    public long DatabaseLength => new FileInfo(_database).Length;

    /// <summary>Whether all that is in the WAL is in the database too. Asked of a server that is frozen.</summary>
    /// <remarks>
    /// The WAL index, sqlite.org/walformat.html 2: <c>mxFrame</c> at 16, <c>nBackfill</c> at 96; the latter moves when a checkpoint is
    /// synced.
    /// </remarks>
    public bool IsCheckpointed
    {
        get
        {
            var index = File.ReadAllBytes(_database + "-shm");
            return MemoryMarshal.Read<uint>(index.AsSpan(96)) == MemoryMarshal.Read<uint>(index.AsSpan(16));
        }
    }

    /// <summary>A reader that keeps its place, as a long query does: until it is disposed no checkpoint gets beyond it.</summary>
    public IDisposable HoldCheckpoints()
    {
        var reader = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = _database, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ConnectionString);
        reader.Open();
        using var command = reader.CreateCommand();
        command.CommandText = "BEGIN; SELECT count(*) FROM server";
        command.ExecuteScalar();
        return reader;
    }
}
