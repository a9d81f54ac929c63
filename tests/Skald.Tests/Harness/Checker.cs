using System.Globalization;

namespace Skald.Tests.Harness;

/// <summary>
/// The oracle: decides from what the clients saw, and from the history as it is in the end, whether the promises held. It
/// trusts nothing that the server counts. A message is known by its text: every test sends each text once, however often it
/// repeats the send.
/// </summary>
internal sealed class Checker
{
    private readonly List<ClientLog> _clients = [];
    private readonly List<Violation> _violations = [];

    /// <summary>The log of one more client, which is one user.</summary>
    public ClientLog NewClient(string name)
    {
        var log = new ClientLog(name);
        lock (_clients)
            _clients.Add(log);
        return log;
    }

    /// <summary>Everything that was promised and not held.</summary>
    /// <param name="history">The history of every room that was used, in the order it is read in.</param>
    public IReadOnlyList<Violation> Check(params RoomHistory[] history)
    {
        _violations.Clear();
        foreach (var room in history)
            CheckHistory(room);
        foreach (var client in _clients)
        {
            var events = client.Take();
            CheckSends(client.Name, events, history);
            CheckOrder(client.Name, events, history);
            CheckReceipts(client.Name, events, history);
        }

        return [.. _violations];
    }

    /// <summary>Fails the test where something was not held.</summary>
    public void AssertHolds(params RoomHistory[] history) => AssertNone(Check(history));

    /// <summary>Fails the test with the violations, where there are any.</summary>
    public static void AssertNone(IReadOnlyList<Violation> violations) =>
        Assert.True(violations.Count == 0, $"{violations.Count} violations:\n{string.Join('\n', violations.Take(20))}");

    /// <summary>P-7: 1, 2, 3 … without holes. P-9: nothing twice.</summary>
    private void CheckHistory(RoomHistory room)
    {
        for (var i = 0; i < room.Messages.Count; i++)
        {
            if (room.Messages[i].Seq != i + 1)
            {
                Add("P-7", "hole", $"{room.Name}: place {i + 1} of the history holds seq {room.Messages[i].Seq}");
                break;
            }
        }

        foreach (var twice in room.Messages.GroupBy(m => m.Text, StringComparer.Ordinal).Where(g => g.Count() > 1))
            Add("P-9", "stored twice", $"{room.Name}: {twice.Key} has seq {string.Join(", ", twice.Select(m => m.Seq))}");
    }

    /// <summary>P-1, P-2, P-9, P-10: what was said of each send, and what became of it.</summary>
    private void CheckSends(string client, Event[] events, RoomHistory[] history)
    {
        var lost = events.OfType<Lost>().Select(e => e.Connection).ToHashSet();
        foreach (var send in events.OfType<IAboutSend>().GroupBy(e => (e.Room, e.Text)))
        {
            var (room, text) = send.Key;
            var stored = Find(history, room)?.Find(text);
            var acks = send.OfType<Acked>().ToArray();
            foreach (var ack in acks)
            {
                if (stored is null)
                    Add("P-1", "lost", $"{client} was acked {text} as {room} {ack.Seq}; the history does not have it");
                else if (stored.Seq != ack.Seq)
                    Add(
                        acks.Length > 1 ? "P-9" : "P-1",
                        "another seq",
                        $"{client} was acked {text} as {room} {ack.Seq}; the history has it as {stored.Seq}");
            }

            if (acks.Count(ack => !ack.Duplicate) > 1)
                Add("P-9", "acked as new twice", $"{client}: {text} in {room}");
            var attempts = send.OfType<Sent>().ToArray();
            if (stored is not null && attempts.Length > 0 && attempts.Length == send.OfType<Refused>().Count())
                Add("P-10", "refused but stored", $"{client}: {text} in {room} is {stored.Seq}");
            foreach (var attempt in attempts)
            {
                if (!lost.Contains(attempt.Connection) && !send.Any(e => e is Acked or Refused && e.Connection == attempt.Connection))
                    Add("P-10", "no end", $"{client}: {text} in {room} was neither acked nor refused, and the connection was not lost");
            }
        }
    }

    /// <summary>
    /// P-8: what one connection sent lies in the history in that order. Of what was sent again later, the time it was stored is not
    /// known.
    /// </summary>
    private void CheckOrder(string client, Event[] events, RoomHistory[] history)
    {
        var sentOnce = events.OfType<Sent>().GroupBy(s => (s.Room, s.Text)).Where(g => g.Count() == 1).Select(g => g.Single());
        foreach (var way in sentOnce.GroupBy(s => (s.Connection, s.Room)))
        {
            var last = 0L;
            foreach (var sent in way)
            {
                if (Find(history, sent.Room)?.Find(sent.Text) is not { } stored)
                    continue;
                if (stored.Seq < last)
                    Add("P-8", "overtaken", $"{client}: {sent.Text} is {sent.Room} {stored.Seq}, and what was sent before it {last}");
                last = stored.Seq;
            }
        }
    }

    /// <summary>P-3, P-7, P-11, P-12, P-13: each reader's way through each room.</summary>
    private void CheckReceipts(string client, Event[] events, RoomHistory[] history)
    {
        foreach (var way in events.OfType<IAboutReading>().GroupBy(e => e.Room, StringComparer.Ordinal))
        {
            var room = Find(history, way.Key);
            long? cursor = null;
            var owed = false;
            foreach (var step in way)
            {
                switch (step)
                {
                    case Joined joined:
                        CheckPosition(client, joined, cursor);
                        // Where the server says that it cannot go on, it goes on from where it says. A first join begins there.
                        if (!joined.Complete || cursor is null)
                            cursor = joined.Since;
                        owed = false;
                        break;
                    case Received received:
                        CheckReceipt(client, received, room, cursor);
                        cursor = Math.Max(received.Seq, cursor ?? 0);
                        break;
                    case Stays:
                        owed = true;
                        break;
                }
            }

            if (owed && room is not null && cursor < room.Messages.Count)
                Add("P-13", "missed", $"{client} stayed in {way.Key} and has {cursor} of {room.Messages.Count}");
        }
    }

    private void CheckPosition(string client, Joined joined, long? cursor)
    {
        var sameLog = joined.AskedEpoch is null || joined.AskedEpoch == joined.Epoch;
        if (joined.Complete && (!sameLog || (joined.Asked is { } asked && asked != joined.Since)))
            Add("P-12", "silent move", $"{client} asked for {joined.Room} after {joined.Asked} of {joined.AskedEpoch} and was put after {joined.Since} of {joined.Epoch}");
        if (!joined.Complete && sameLog && joined.Asked <= cursor && joined.FirstSeq <= joined.Asked + 1)
            Add(
                "P-11",
                "not continued",
                $"{client} has {cursor} of {joined.Room}, asked for what follows {joined.Asked}, and was refused it");
    }

    private void CheckReceipt(string client, Received received, RoomHistory? room, long? cursor)
    {
        var what = $"{client} received {received.Room} {received.Seq} {received.Text}";
        var stored = room?.At(received.Seq);
        if (stored is null)
            Add("P-3", "phantom", $"{what}; the history does not have it");
        else if (stored.Text != received.Text)
            Add("P-7", "disagreement", $"{what}; the history has {stored.Text} there");
        if (received.Seq <= cursor)
            Add("P-11", "repeat", $"{what} after {cursor}");
        else if (received.Seq > cursor + 1)
            Add("P-11", "gap", $"{what} after {cursor}");
        else if (cursor is null)
            Add("P-7", "uninvited", $"{what} before it had joined");
    }

    private static RoomHistory? Find(RoomHistory[] history, string room) => Array.Find(history, h => h.Name == room);

    private void Add(string promise, string kind, string what) => _violations.Add(new Violation(promise, kind, what));
}

/// <summary>A promise of the server that was not held.</summary>
internal sealed record Violation(string Promise, string Kind, string What)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Promise} {Kind}: {What}");
}

/// <summary>A room as anybody reads it in the end.</summary>
internal sealed class RoomHistory(string name, IReadOnlyList<StoredText> messages)
{
    private readonly Dictionary<string, StoredText> _byText = messages.GroupBy(m => m.Text, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
    private readonly Dictionary<long, StoredText> _bySeq = messages.GroupBy(m => m.Seq).ToDictionary(g => g.Key, g => g.First());

    public string Name => name;

    public IReadOnlyList<StoredText> Messages => messages;

    public StoredText? Find(string text) => _byText.GetValueOrDefault(text);

    public StoredText? At(long seq) => _bySeq.GetValueOrDefault(seq);
}

internal sealed record StoredText(long Seq, string Text);
