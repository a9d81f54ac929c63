using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Tests.Model;

/// <summary>A log in memory whose reads end when the test says so, and as it says.</summary>
internal sealed class ModelStore : IMessageStore, IFollowedLog
{
    private readonly Dictionary<Room, List<(string? Id, byte[] Text)>> _logs = [];
    private readonly Queue<(TaskCompletionSource Gate, Action Read)> _reads = [];

    private long _end;   // of the whole log

    public string Epoch => "model";

    public bool IsShared => false;

    /// <summary>Whether reads end at once.</summary>
    public bool Open { get; set; }

    public Task AppendAsync(Batch batch)
    {
        var first = _end + 1;
        foreach (var draft in batch)
        {
            var log = Of(draft.Room);
            var found = draft.ClientMessageId is { } id ? log.FindIndex(m => m.Id == id) : -1;
            if (found >= 0)
            {
                draft.FoundAs(found + 1, default, log[found].Text);
            }
            else
            {
                log.Add((draft.ClientMessageId, draft.Text));
                draft.StoreAs(log.Count, default);
                _end++;
            }
        }

        batch.Span = new LogSpan(first, _end);
        return Task.CompletedTask;
    }

    public Task ReadAsync(Room room, long first, long last, EntryVisitor visit)
    {
        // Continuations run in the call that ends the read: everything happens on the test's own thread, in its order.
        var gate = new TaskCompletionSource();
        _reads.Enqueue((gate, () => Visit(room, first, last, visit)));
        if (Open)
            EndRead();
        return gate.Task;
    }

    public Task ReadMessagesAsync(Room room, long first, long last, bool newestFirst, MessageVisitor visit) =>
        throw new NotSupportedException("Readers of a socket read all entries.");

    public Task<long> FindEndAsync() => Task.FromResult(_end);

    public Task<LogPosition> ReadAsync(LogSelection selection, LogVisitor visit) =>
        throw new NotSupportedException("One node knows what it stores.");

    public Task<long> FindPositionAsync(string follower) => throw new NotSupportedException("Nobody follows it.");

    public Task KeepPositionAsync(string follower, long position) => throw new NotSupportedException("Nobody follows it.");

    /// <summary>Ends the oldest read under way, with what is stored by now.</summary>
    /// <returns>False where there is none.</returns>
    public bool EndRead(bool fail = false)
    {
        if (!_reads.TryDequeue(out var read))
            return false;
        if (fail)
        {
            read.Gate.SetException(new StorageException(ErrorCode.StorageFailed));
        }
        else
        {
            read.Read();
            read.Gate.SetResult();
        }

        return true;
    }

    private void Visit(Room room, long first, long last, EntryVisitor visit)
    {
        var log = Of(room);
        for (var seq = first; seq <= Math.Min(last, log.Count); seq++)
        {
            var message =
                new ChatMessage { Room = room.Name, Seq = seq, Username = "ann"u8, Text = log[(int)seq - 1].Text, Timestamp = default };
            if (!visit(LogEntry.Of(message)))
                return;
        }
    }

    private List<(string? Id, byte[] Text)> Of(Room room) => _logs.TryGetValue(room, out var log) ? log : _logs[room] = [];
}
