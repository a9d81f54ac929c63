using System.Data.Common;
using Skald.Server.Operations;

namespace Skald.Server.Storage;

/// <summary>
/// The table <c>unfinished_copy</c> of a database that <c>skald copy</c> writes into. It is made before the first row and goes with
/// the last transaction, and no server starts on a database that has it.
/// </summary>
/// <param name="Epoch">The source's.</param>
/// <param name="Source">A hash over all that changes in a source when a server runs on it.</param>
internal sealed record UnfinishedCopy(string Epoch, string Source)
{
    public const string Table = "unfinished_copy";

    /// <param name="place">The database, for the operator.</param>
    public static StartupRefusedException Refusal(string place) => new(
        $"The database {place} is a copy that was ended before it was whole. Run the same skald copy again: it goes on where it stopped.");

    /// <param name="connection">Of a database that has the table.</param>
    public static UnfinishedCopy Read(DbConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT epoch, source FROM {Table}";
        using var row = command.ExecuteReader();
        row.Read();
        return new UnfinishedCopy(row.GetString(0), row.GetString(1));
    }

    /// <summary>Makes the table, or says in it what the copy is of from here on: in a transaction with all that is deleted.</summary>
    public void Begin(DbConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            $"""
            CREATE TABLE IF NOT EXISTS {Table} (epoch text NOT NULL, source text NOT NULL);
            DELETE FROM {Table};
            INSERT INTO {Table} (epoch, source) VALUES (@epoch, @source)
            """;
        foreach (var (name, value) in new[] { ("@epoch", Epoch), ("@source", Source) })
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        command.ExecuteNonQuery();
    }
}
