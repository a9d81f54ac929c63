using Npgsql;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Postgres;

/// <summary>A message's columns, in the order in which every statement that reads one has them first, and what they mean.</summary>
internal static class PostgresMessageRow
{
    /// <summary>
    /// Of the table <c>messages m</c>. The two names are looked up row by row: a join that is planned for more rows than come may read
    /// all users.
    /// </summary>
    public const string Columns =
        """
        m.seq, m.user_id, (SELECT u.username FROM users u WHERE u.id = m.user_id), m.body, m.created_at, m.client_msg_id, m.version,
        m.text_version, m.edited_at, m.deleted_at, (SELECT d.username FROM users d WHERE d.id = m.deleted_by)
        """;

    /// <summary>How many they are: the first column after them.</summary>
    public const int Next = 11;

    /// <summary>Whether there is a message: an entry may be about none.</summary>
    public static bool IsThere(NpgsqlDataReader row) => !row.IsDBNull(0);

    public static ChatMessage Read(NpgsqlDataReader row, Room room)
    {
        var message = new ChatMessage
        {
            Room = room.Name,
            Seq = row.GetInt64(0),
            Username = Utf8(row, 2),
            Text = Utf8(row, 3),
            Timestamp = Time(row, 4),
            ClientMessageId = Utf8(row, 5),
        };
        return row.IsDBNull(6) ? message : message with
        {
            Version = row.GetInt64(6),
            TextVersion = row.IsDBNull(7) ? 0 : row.GetInt64(7),
            EditedAt = Time(row, 8),
            DeletedAt = Time(row, 9),
            DeletedBy = Utf8(row, 10),
        };
    }

    public static LoggedMessage ReadLogged(NpgsqlDataReader row, Room room) => LoggedMessage.Of(Read(row, room), row.GetInt64(1));

    public static Timestamp Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? default : new(row.GetInt64(column));

    /// <returns>Empty for null.</returns>
    public static byte[] Utf8(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? [] : row.GetFieldValue<byte[]>(column);
}
