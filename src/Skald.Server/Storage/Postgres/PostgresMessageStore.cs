using Npgsql;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Storage.Postgres;

/// <summary>The logs in PostgreSQL: messages in one table, what was done to them in another, and one numbering over both.</summary>
/// <remarks>
/// A batch of new messages is stored by one call, which looks nothing up: a <c>client_msg_id</c> that is taken, a room or a sender that
/// is not there undo it. Only then, and for changes, the store reads first and decides draft by draft (<see cref="PostgresDecision"/>).
/// </remarks>
internal sealed class PostgresMessageStore(PostgresDatabase database, LogRules rules, TimeProvider clock) : IMessageStore
{
    /// <summary>
    /// Rows that are asked for first: a page of history wants 50, and whoever ends the reading early has PostgreSQL send the rest in vain.
    /// </summary>
    private const int FirstRows = 64, MostRows = 1_024;

    /// <summary>Of a decision that other nodes' appends undo.</summary>
    private const int MostAttempts = 5;

    /// <summary>Repeats come together, when many clients are back after a fault: for so long, each batch is looked up at once.</summary>
    private static readonly TimeSpan RepeatsFollow = TimeSpan.FromSeconds(5);

    private const string Messages =
        $"""
        SELECT {PostgresMessageRow.Columns} FROM messages m
        WHERE m.room_id = $1 AND m.seq BETWEEN $2 AND $3 AND m.deleted_at IS NULL ORDER BY m.seq
        """;

    private const string OldestFirst = Messages + " LIMIT $4", NewestFirst = Messages + " DESC LIMIT $4";

    private long _repeatsUntil = long.MinValue;

    public string Epoch => database.Epoch;

    public async Task AppendAsync(Batch batch)
    {
        await database.Lane.RunAsync(connection => AppendAsync(connection, batch));
        if (batch.Span is { } span)
            database.Lane.Reached(span.Last);
    }

    public Task ReadAsync(Room room, long first, long last, EntryVisitor visit) => database.ReadAsync(async connection =>
    {
        await PostgresEntryReader.ReadAsync(
            connection, [new LogRun(0, room, first, last)], long.MaxValue, changesOnly: false, (_, in entry) => visit(entry));
        return true;
    });

    public Task ReadMessagesAsync(Room room, long first, long last, bool newestFirst, MessageVisitor visit) =>
        database.ReadAsync(async connection =>
        {
            for (var rows = FirstRows; first <= last; rows = Math.Min(4 * rows, MostRows))
            {
#pragma warning disable CA2100 // One of two constants.
                await using var command = new NpgsqlCommand(newestFirst ? NewestFirst : OldestFirst, connection)
#pragma warning restore CA2100
                {
                    Parameters =
                    {
                        new() { Value = room.Id }, new() { Value = first }, new() { Value = last }, new() { Value = (long)rows },
                    },
                };
                await using var row = await command.ExecuteReaderAsync();
                var read = 0;
                for (; await row.ReadAsync(); read++)
                {
                    if (!visit(PostgresMessageRow.Read(row, room)))
                        return true;
                    var seq = row.GetInt64(0);
                    if (newestFirst)
                        last = seq - 1;
                    else
                        first = seq + 1;
                }

                if (read < rows)
                    break;
            }

            return true;
        });

    private async Task<bool> AppendAsync(NpgsqlConnection connection, Batch batch)
    {
        if (IsPlain(batch) && clock.GetTimestamp() >= _repeatsUntil)
        {
            if (await TryStoreAsync(connection, batch))
                return true;
            _repeatsUntil = clock.GetTimestamp() + (long)(RepeatsFollow.TotalSeconds * clock.TimestampFrequency);
        }

        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var decision = await PostgresDecision.MakeAsync(connection, batch, rules);
            if (await decision.TryStoreAsync(connection))
                return true;
        }

        throw new StorageException(ErrorCode.Overloaded);
    }

    /// <summary>
    /// New messages, and none that is to be refused: nothing about them depends on what is stored, unless one is a repeat, or a room is
    /// another than this node knows.
    /// </summary>
    private static bool IsPlain(Batch batch)
    {
        foreach (var draft in batch)
        {
            if (draft.Kind != EntryKind.Message || draft.Refusal is not null
                || draft.Room.State is not { } state || draft.RefusedBy(state) is not null)
                return false;
        }

        return true;
    }

    private static async Task<bool> TryStoreAsync(NpgsqlConnection connection, Batch batch)
    {
        var call = new PostgresAppendCall();
        foreach (var drafts in batch.ByRoom())
        {
            if (drafts[0].Room.State is not { } state)
                return false;
            call.Begin(drafts[0].Room.Id, state.Version, head: null);
            foreach (var draft in drafts)
                call.AddMessage(draft);
        }

        if (await call.RunAsync(connection) is not { } stored)
            return false;
        batch.Span = stored.Span;
        var place = 0;
        foreach (var drafts in batch.ByRoom())
        {
            for (var i = 0; i < drafts.Count; i++)
                drafts[i].StoreAs(stored.Heads[place] + i + 1, stored.At);
            place++;
        }

        return true;
    }
}
