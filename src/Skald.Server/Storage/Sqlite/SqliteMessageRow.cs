using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Sqlite;

/// <summary>A message's columns, in the order in which every statement that reads one has them first, and what they mean.</summary>
internal static class SqliteMessageRow
{
    /// <summary>Of the table <c>messages</c>, named <c>m</c>.</summary>
    public const string Columns =
        "m.seq, m.user_id, m.body, m.created_at, m.client_msg_id, m.version, m.text_version, m.edited_at, m.deleted_at, m.deleted_by";

    /// <summary>How many they are: the first column after them.</summary>
    public const int Next = 10;

    public static long UserId(SqliteStatement row) => row.Int64(1);

    /// <returns>Valid until the statement's next step.</returns>
    /// <remarks>Most messages are never changed, and each column that is asked for costs a call of SQLite.</remarks>
    public static ChatMessage Read(SqliteConnection connection, SqliteStatement row, UserNames names, Room room)
    {
        var version = row.Int64(5);   // 0 for null
        var message = new ChatMessage
        {
            Room = room.Name,
            Seq = row.Int64(0),
            Username = names.Find(connection, UserId(row)),
            Text = row.Utf8(2),
            Timestamp = new Timestamp(row.Int64(3)),
            ClientMessageId = row.Utf8(4),
            Version = version,
        };
        return version == 0 ? message : Changed(connection, row, names, message);
    }

    private static ChatMessage Changed(SqliteConnection connection, SqliteStatement row, UserNames names, ChatMessage message) => new()
    {
        Room = message.Room,
        Seq = message.Seq,
        Username = message.Username,
        Text = message.Text,
        Timestamp = message.Timestamp,
        ClientMessageId = message.ClientMessageId,
        Version = message.Version,
        TextVersion = row.Int64(6),
        EditedAt = new Timestamp(row.Int64(7)),
        DeletedAt = new Timestamp(row.Int64(8)),
        DeletedBy = row.Int64(9) is var by and not 0 ? names.Find(connection, by) : default,
    };
}
