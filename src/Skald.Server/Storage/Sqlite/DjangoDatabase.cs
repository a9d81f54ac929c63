using System.Globalization;
using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Sqlite;

/// <summary>
/// A database that a Django project keeps its users and its chat in. The users are in <c>auth_user</c>; which table has the messages is
/// told by its columns: an author, a text, a time and a room.
/// </summary>
internal sealed class DjangoDatabase : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly MessageTable _messages;

    /// <param name="file">Is only read. What Django stores meanwhile is not seen.</param>
    /// <param name="table">The table that has the messages; null where it is to be found.</param>
    /// <exception cref="CommandRefusedException">It is no such database, or which table has the messages cannot be told.</exception>
    public DjangoDatabase(string file, string? table)
    {
        if (!File.Exists(file))
            throw new CommandRefusedException($"There is no file {file}. Name Django's database with --from FILE.");
        _connection = SqliteFile.OpenReader(file);
        try
        {
            _ = Ask("BEGIN; SELECT count(*) FROM sqlite_schema");
            if (Ask("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'auth_user'") != 1)
                throw new CommandRefusedException(
                    $"{file} has no table auth_user. Name the database of a Django project with --from FILE.");
            _messages = Find(file, table);
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>The table that has the messages.</summary>
    public string Table => _messages.Name;

    public long CountMessages() => Ask($"SELECT count(*) FROM {Quote(_messages.Name)}");

    /// <summary>Every user, the first first.</summary>
    public IEnumerable<DjangoUser> ReadUsers()
    {
        using var select = Command("SELECT id, username, email, password, is_active, date_joined FROM auth_user ORDER BY id");
        using var row = select.ExecuteReader();
        while (row.Read())
            yield return new DjangoUser(
                row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetBoolean(4), Moment(row.GetString(5)));
    }

    /// <summary>Every message, in the order in which they were shown.</summary>
    public IEnumerable<DjangoMessage> ReadMessages()
    {
        var (name, author, text, time, room, rooms, roomName) = _messages;
        using var select = Command(rooms is null
            ? $"SELECT {Quote(author)}, {Quote(room)}, {Quote(text)}, {Quote(time)} FROM {Quote(name)} ORDER BY {Quote(time)}, rowid"
            : $"""
              SELECT m.{Quote(author)}, r.{Quote(roomName!)}, m.{Quote(text)}, m.{Quote(time)}
              FROM {Quote(name)} m JOIN {Quote(rooms)} r ON r.id = m.{Quote(room)} ORDER BY m.{Quote(time)}, m.rowid
              """);
        using var row = select.ExecuteReader();
        while (row.Read())
            yield return new DjangoMessage(
                row.IsDBNull(0) ? null : row.GetInt64(0), row.GetString(1), row.GetString(2), Moment(row.GetString(3)));
    }

    public void Dispose() => _connection.Dispose();

    private MessageTable Find(string file, string? table)
    {
        var names = new List<string>();
        using (var select = Command("""
            SELECT name FROM sqlite_schema
            WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'auth%' AND name NOT LIKE 'django%' ORDER BY name
            """))
        using (var row = select.ExecuteReader())
        {
            while (row.Read())
                names.Add(row.GetString(0));
        }

        var found = names.Where(name => table is null || name == table).Select(Describe).OfType<MessageTable>().ToArray();
        return found switch
        {
            [var one] => one,
            [] when table is null => throw new CommandRefusedException(
                $"{file} has no table with an author, a text, a time and a room. Name the one that has the messages with --table NAME."),
            [] => throw new CommandRefusedException(
                $"The table {table} of {file} has no author, text, time and room. Those that could be meant: {string.Join(", ", names)}."),
            _ => throw new CommandRefusedException(
                $"Several tables of {file} could have the messages: {string.Join(", ", found.Select(one => one.Name))}. "
                    + "Choose one with --table NAME."),
        };
    }

    private MessageTable? Describe(string table)
    {
        var parents = new Dictionary<string, string>(StringComparer.Ordinal);
        using (var keys = Command($"PRAGMA foreign_key_list({Quote(table)})"))
        using (var row = keys.ExecuteReader())
        {
            while (row.Read())
                parents[row.GetString(3)] = row.GetString(2);
        }

        var columns = Columns(table);
        var author = parents.FirstOrDefault(parent => parent.Value == "auth_user").Key;
        var time = columns.Find(column => column.Type == "datetime").Name;
        var text = columns.Find(column => column.Type == "text").Name
            ?? columns.Find(column => IsText(column.Type) && column.Name is "content" or "message" or "body" or "text").Name;
        var room = columns.Find(
            column => IsText(column.Type) && column.Name != text && column.Name.Contains("room", StringComparison.OrdinalIgnoreCase)).Name;
        if (author is null || time is null || text is null)
            return null;
        if (room is not null)
            return new MessageTable(table, author, text, time, room, null, null);
        var (key, rooms) = parents.FirstOrDefault(parent => parent.Value.Contains("room", StringComparison.OrdinalIgnoreCase));
        var name = rooms is null
            ? null
            : Columns(rooms).Find(column => IsText(column.Type) && column.Name is "slug" or "name" or "room_name").Name;
        return name is null ? null : new MessageTable(table, author, text, time, key, rooms, name);
    }

    private List<(string Name, string Type)> Columns(string table)
    {
        var columns = new List<(string, string)>();
        using var select = Command($"PRAGMA table_info({Quote(table)})");
        using var row = select.ExecuteReader();
        while (row.Read())
            columns.Add((row.GetString(1), row.GetString(2).ToLowerInvariant()));
        return columns;
    }

    private static bool IsText(string type) => type == "text" || type.StartsWith("varchar", StringComparison.Ordinal);

    /// <summary>Django writes UTC without saying so.</summary>
    private static Timestamp Moment(string text) =>
        Timestamp.From(
            DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal));

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private long Ask(string sql)
    {
        using var command = Command(sql);
        return (long)command.ExecuteScalar()!;
    }

#pragma warning disable CA2100 // Names of tables and columns cannot be parameters: they are the file's own, and quoted.
    private SqliteCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }
#pragma warning restore CA2100

    /// <param name="Author">Its column that points to <c>auth_user</c>.</param>
    /// <param name="Text">Its column of that.</param>
    /// <param name="Time">Its column of that.</param>
    /// <param name="Room">Its column that has the room's name, or points to the room.</param>
    /// <param name="Rooms">The table of rooms, where there is one.</param>
    /// <param name="RoomName">The column of that table that names a room.</param>
    private sealed record MessageTable(string Name, string Author, string Text, string Time, string Room, string? Rooms, string? RoomName);
}
