using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Sqlite;

/// <summary>A message's columns, in the order in which every statement that reads one has them first, and what they mean.</summary>
internal static class SqliteMessageRow
{
    /// <summary>
    /// Of the table <c>messages</c>, named <c>m</c>: what every message has, and whether it was ever changed. Few are, and SQLite takes
    /// each column of a row out of its record, asked for or not.
    /// </summary>
    public const string Columns = "m.seq, m.user_id, m.body, m.created_at, m.client_msg_id, m.version";

    /// <summary>How many they are: the first column after them.</summary>
    public const int Next = 6;

    private const string Changes =
        "SELECT text_version, edited_at, deleted_at, deleted_by FROM messages WHERE room_id = ?1 AND seq = ?2";

    /// <summary>Whether there is a message: an entry may be about none.</summary>
    public static bool IsThere(SqliteStatement row) => row.Int64(0) != 0;

    public static long UserId(SqliteStatement row) => row.Int64(1);

    /// <summary>The last entry that changed it; 0 where none has.</summary>
    public static long Version(SqliteStatement row) => row.Int64(5);

    /// <summary>Whether nothing is left of it but its place: nobody can send an empty text, and a delete leaves one.</summary>
    /// <param name="version">Its <see cref="Version"/>.</param>
    public static bool IsDeleted(SqliteStatement row, long version) => version != 0 && row.Utf8(2).IsEmpty;

    /// <inheritdoc cref="Read(SqliteConnection, SqliteStatement, long, UserNames, Room)"/>
    public static ChatMessage Read(SqliteConnection connection, SqliteStatement row, UserNames names, Room room) =>
        Read(connection, row, Version(row), names, room);

    /// <param name="version">Its <see cref="Version"/>.</param>
    /// <returns>Valid until the statement's next step.</returns>
    public static ChatMessage Read(SqliteConnection connection, SqliteStatement row, long version, UserNames names, Room room)
    {
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
        return version == 0 ? message : Changed(connection, names, room, message);
    }

    /// <remarks>A second statement while the row's is not at its end, and so of the same moment.</remarks>
    private static ChatMessage Changed(SqliteConnection connection, UserNames names, Room room, ChatMessage message)
    {
        var changes = SqliteStatement.Get(connection, Changes).Bind(1, room.Id).Bind(2, message.Seq);
        try
        {
            changes.Step();
            return message with
            {
                TextVersion = changes.Int64(0),
                EditedAt = new Timestamp(changes.Int64(1)),
                DeletedAt = new Timestamp(changes.Int64(2)),
                DeletedBy = changes.Int64(3) is var by and not 0 ? names.Find(connection, by) : default,
            };
        }
        finally
        {
            changes.Reset();
        }
    }
}
