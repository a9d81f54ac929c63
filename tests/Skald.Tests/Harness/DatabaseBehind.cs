using System.Data.Common;
using Skald.Server.Database;

namespace Skald.Tests.Harness;

/// <summary>A database that does as another one, but for what a test has it do otherwise.</summary>
internal abstract class DatabaseBehind(IDatabase database) : IDatabase
{
    public int Nodes => database.Nodes;

    public virtual Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> work) => database.ReadAsync(work);

    public virtual Task<T> WriteAsync<T>(Func<DbConnection, Task<T>> work) => database.WriteAsync(work);
}
