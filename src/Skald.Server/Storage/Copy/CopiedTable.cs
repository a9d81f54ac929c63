using System.Data.Common;

namespace Skald.Server.Storage.Copy;

/// <summary>A table that both engines have, with the same rows. Reading it is the same SQL in both; writing is the engine's.</summary>
/// <remarks>
/// Rows are copied and compared in the order of the primary key, which both engines agree on: integers, and texts by their bytes. So
/// the last row of an unfinished copy says how far it has come.
/// </remarks>
internal sealed class CopiedTable
{
    private readonly int _key;
    private readonly string _select, _keyColumns, _order, _last;

    /// <param name="name">A table's, or that of a view of PostgreSQL that stands for two.</param>
    /// <param name="key">How many columns, the first ones, are the primary key.</param>
    private CopiedTable(string name, int key, params CopiedColumn[] columns)
    {
        (Name, Columns, _key) = (name, columns, key);
        var keys = columns.Take(key).Select(column => column.Name).ToArray();
        ColumnNames = string.Join(", ", columns.Select(column => column.Name));
        _keyColumns = string.Join(", ", keys);
        _select = $"SELECT {ColumnNames} FROM {name}";
        _order = $"ORDER BY {_keyColumns}";
        _last = $"SELECT {_keyColumns} FROM {name} ORDER BY {string.Join(", ", keys.Select(column => $"{column} DESC"))} LIMIT 1";
    }

    /// <summary>All of them, each behind those that its rows refer to.</summary>
    public static IReadOnlyList<CopiedTable> All { get; } =
    [
        new("users", 1, Integer("id"), Text("username"), Text("username_key"), Text("email"), Text("password_hash"), Integer("created_at"),
            Integer("disabled_at")),
        new("sessions", 1, Integer("id"), Integer("user_id"), Integer("generation"), Integer("rotated_at"), Integer("created_at"),
            Integer("last_used_at"), Integer("expires_at"), Integer("revoked_at"), Text("user_agent")),
        new("rooms", 1, Integer("id"), Text("name"), Integer("first_seq"), Integer("last_seq"), Integer("created_by"),
            Integer("created_at"), Integer("visibility"), Text("title"), Text("topic"), Text("data"), Text("settings"),
            Integer("version"), Text("client_msg_id")),
        new("members", 2, Integer("room_id"), Integer("user_id"), Integer("role"), Integer("from_seq"), Integer("until_seq"))
            { IsByRoom = true },
        new("messages", 2, Integer("room_id"), Integer("seq"), Integer("user_id"), Text("client_msg_id"), Text("body"),
            Integer("created_at"), Integer("version"), Integer("text_version"), Integer("edited_at"), Integer("deleted_at"),
            Integer("deleted_by")) { IsLog = true, IsByRoom = true },
        new("entries", 2, Integer("room_id"), Integer("seq"), Integer("kind"), Integer("user_id"), Integer("target"),
            Text("client_msg_id"), Integer("created_at"), Text("data")) { IsLog = true, IsByRoom = true },
        new("runs", 1, Integer("position"), Integer("room_id"), Integer("first_seq")) { IsLog = true },
        new("followers", 1, Text("name"), Integer("position")),
    ];

    public string Name { get; }

    public IReadOnlyList<CopiedColumn> Columns { get; }

    public string ColumnNames { get; }

    /// <summary>Whether nothing in it changes but together with the head of a room, in <c>rooms</c>.</summary>
    public bool IsLog { get; private init; }

    /// <summary>Whether its first column is a room's id: then each room is compared by itself.</summary>
    public bool IsByRoom { get; private init; }

    public long Count(DbConnection connection)
    {
        using var command = Command(connection, $"SELECT count(*) FROM {Name}");
        return (long)command.ExecuteScalar()!;
    }

    public bool IsEmpty(DbConnection connection) => FindLast(connection) is null;

    /// <returns>The key of the last row; null where there is none.</returns>
    public object[]? FindLast(DbConnection connection)
    {
        using var command = Command(connection, _last);
        using var row = command.ExecuteReader();
        if (!row.Read())
            return null;
        var key = new object[_key];
        row.GetValues(key);
        return key;
    }

    /// <summary>All rows, in the order of the key, as they come from the database.</summary>
    /// <param name="after">The key of the row that is before the first one; null for all.</param>
    public IEnumerable<CopiedRows> Read(DbConnection connection, object[]? after = null)
    {
        using var command = Command(
            connection,
            after is null ? $"{_select} {_order}" : $"{_select} WHERE ({_keyColumns}) > ({KeyParameters()}) {_order}");
        for (var i = 0; i < (after?.Length ?? 0); i++)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ($"@key{i}", after![i]);
            command.Parameters.Add(parameter);
        }

        using var row = command.ExecuteReader();
        var rows = new CopiedRows(this);
        while (row.Read())
        {
            rows.Add(row);
            if (!rows.IsFull)
                continue;
            yield return rows;
            rows = new CopiedRows(this);
        }

        if (rows.Count > 0)
            yield return rows;
    }

    private string KeyParameters() => string.Join(", ", Enumerable.Range(0, _key).Select(i => $"@key{i}"));

    private static CopiedColumn Integer(string name) => new(name, IsText: false);

    private static CopiedColumn Text(string name) => new(name, IsText: true);

#pragma warning disable CA2100 // Names of our own tables and columns, which are no parameters.
    private static DbCommand Command(DbConnection connection, string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }
#pragma warning restore CA2100
}
