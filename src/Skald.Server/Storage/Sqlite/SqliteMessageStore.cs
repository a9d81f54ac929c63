using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Sqlite;

/// <summary>The logs in SQLite: messages in one table, what was done to them in another, and one numbering over both.</summary>
internal sealed class SqliteMessageStore(SqliteDatabase database, SqliteErasure erasure, LogRules rules, TimeProvider clock)
    : IMessageStore
{
    private const string Messages =
        $"SELECT {SqliteMessageRow.Columns} FROM messages m WHERE m.room_id = ?1 AND m.seq BETWEEN ?2 AND ?3 ORDER BY m.seq";

    private readonly UserNames _names = new();
    private readonly SqliteEntryReader _entries = new();
    private SqliteAppendStatements? _append;

    public string Epoch => database.Epoch;

    public Task AppendAsync(Batch batch) =>
        database.AppendAsync(connection =>
        {
            _append ??= new SqliteAppendStatements(connection);   // there is one writer
            new SqliteAppend(_append, _names, rules, Timestamp.From(clock.GetUtcNow())).Run(batch);
            if (batch.HasChanges)
                erasure.Schedule();   // an edit, too, erases a text
        });

    public Task ReadAsync(Room room, long first, long last, EntryVisitor visit) => database.ReadAsync(connection =>
    {
        _entries.Read(connection, room, first, last, changesOnly: false, visit);
        return true;
    });

    public Task ReadMessagesAsync(
        Room room, long first, long last, bool newestFirst, MessageVisitor visit) => database.ReadAsync(connection =>
    {
        var sql = newestFirst ? Messages + " DESC" : Messages;
        var select = SqliteStatement.Get(connection, sql).Bind(1, room.Id).Bind(2, first).Bind(3, last);
        try
        {
            while (select.Step())
            {
                var version = SqliteMessageRow.Version(select);
                if (!SqliteMessageRow.IsDeleted(select, version)
                    && !visit(SqliteMessageRow.Read(connection, select, version, _names, room)))
                    break;
            }
        }
        finally
        {
            select.Reset();
        }

        return true;
    });
}
