using System.Globalization;
using Microsoft.Data.Sqlite;
using Skald.Server.Database;
using Skald.Server.Operations;
using Skald.Server.Storage.Sqlite;

namespace Skald.Tests.Database;

public sealed class SchemaStepsTests
{
    private static readonly SchemaSteps Steps = new(typeof(SqliteSchema), "choose another one");

    [Fact]
    public void Steps_are_numbered_through_and_each_is_taken_once()
    {
        const int Epoch = 1, Version = 1;

        Assert.Equal(Steps.Newest + Epoch + Version, Steps.From(0, "db").Count);
        for (var version = 1; version < Steps.Newest; version++)
            Assert.Equal(Steps.Newest - version + Version, Steps.From(version, "db").Count);
        Assert.Empty(Steps.From(Steps.Newest, "db"));
    }

    [Fact]
    public void Database_of_a_newer_program_is_refused_in_a_sentence_that_says_what_to_do()
    {
        var newer = Steps.Newest + 1;

        var refusal = Assert.Throws<StartupRefusedException>(() => Steps.From(newer, "db")).Message;

        Assert.Equal(
            $"The database db was written by a newer Skald (schema {newer}; this program knows {Steps.Newest}). " +
            "Start the newer program, or choose another one.",
            refusal);
    }

    [Fact]
    public void Database_of_each_earlier_version_becomes_what_a_new_one_is()
    {
        var made = Steps.From(0, "db");
        using var fresh = Open();
        Execute(fresh, made);
        for (var version = 1; version < Steps.Newest; version++)
        {
            using var old = Open();
            Execute(old, made.Take(version));
            var number = version.ToString(CultureInfo.InvariantCulture);
            Execute(old, [$"INSERT INTO server (id, epoch, schema_version) VALUES (1, 'e', {number})"]);

            Execute(old, Steps.From(version, "db"));

            Assert.Equal(Describe(fresh), Describe(old));
        }
    }

    [Fact]
    public void No_two_logs_have_the_same_epoch() => Assert.NotEqual(Steps.From(0, "db"), Steps.From(0, "db"));

    private static SqliteConnection Open()
    {
        var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        return connection;
    }

    private static void Execute(SqliteConnection connection, IEnumerable<string> all)
    {
        foreach (var sql in all)
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The server's own SQL.
            command.CommandText = sql;
#pragma warning restore CA2100
            command.ExecuteNonQuery();
        }
    }

    /// <returns>The version, and how each table and index was made.</returns>
    private static List<string> Describe(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT schema_version FROM server UNION ALL SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY 1";
        using var row = command.ExecuteReader();
        var found = new List<string>();
        while (row.Read())
            found.Add(row.GetString(0));
        return found;
    }
}
