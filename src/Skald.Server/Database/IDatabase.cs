using System.Data.Common;

namespace Skald.Server.Database;

/// <summary>The database of users, sessions and rooms. A store writes its SQL once, for every engine (<see cref="Sql"/>).</summary>
/// <remarks>
/// The work awaits nothing but calls of its connection: SQLite has other writers wait for it, and each of its calls is done when it
/// returns. It has no effect but what it writes: an engine that runs writers side by side, as PostgreSQL, has to run work again where
/// two got in each other's way.
/// </remarks>
internal interface IDatabase
{
    /// <summary>How many nodes have it open, this one too, as of the last look, which is due each second.</summary>
    int Nodes { get; }

    /// <summary>Runs work that only reads. Each of its statements sees one moment, two may see two.</summary>
    /// <exception cref="StorageException">The database cannot be read now.</exception>
    Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> work);

    /// <summary>Runs work in a transaction of its own: as if nobody else wrote meanwhile, and durable, or not at all.</summary>
    /// <returns>What the work returned, once it is on disk.</returns>
    /// <exception cref="StorageException">The database refused, or too much waits for it.</exception>
    Task<T> WriteAsync<T>(Func<DbConnection, Task<T>> work);
}
