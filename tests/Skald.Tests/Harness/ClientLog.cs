namespace Skald.Tests.Harness;

/// <summary>What one client did and saw, in the order in which it did and saw it.</summary>
internal sealed class ClientLog(string name)
{
    private readonly List<Event> _events = [];

    public string Name => name;

    public void Add(Event what)
    {
        lock (_events)
            _events.Add(what);
    }

    public int Length
    {
        get
        {
            lock (_events)
                return _events.Count;
        }
    }

    /// <summary>Strikes out what came later, as if the connection had been lost then: what was under way is unknown.</summary>
    public void RewindTo(int length)
    {
        lock (_events)
        {
            var connection = length == 0 ? 0 : _events[length - 1].Connection;
            _events.RemoveRange(length, _events.Count - length);
            _events.Add(new Lost(connection));
        }
    }

    public Event[] Take()
    {
        lock (_events)
            return [.. _events];
    }
}

/// <param name="Connection">The client's how-manieth connection.</param>
internal abstract record Event(int Connection);

internal interface IAboutSend
{
    int Connection { get; }

    string Room { get; }

    string Text { get; }
}

internal interface IAboutReading
{
    string Room { get; }
}

/// <summary>A send was begun.</summary>
internal sealed record Sent(int Connection, string Room, string Text) : Event(Connection), IAboutSend;

/// <summary>The server said that it is stored.</summary>
internal sealed record Acked(int Connection, string Room, string Text, long Seq, bool Duplicate) : Event(Connection), IAboutSend;

/// <summary>The server said that it is not stored, and never will be.</summary>
internal sealed record Refused(int Connection, string Room, string Text, string Code) : Event(Connection), IAboutSend;

/// <summary>The connection ended: what was not answered is unknown.</summary>
internal sealed record Lost(int Connection) : Event(Connection);

/// <summary>The server said what follows.</summary>
internal sealed record Joined(
    int Connection, string Room, long? Asked, string? AskedEpoch, long Since, bool Complete, long FirstSeq, string Epoch)
    : Event(Connection), IAboutReading;

internal sealed record Received(int Connection, string Room, long Seq, string Text) : Event(Connection), IAboutReading;

/// <summary>The client is in the room until the end, and owed everything.</summary>
internal sealed record Stays(int Connection, string Room) : Event(Connection), IAboutReading;
