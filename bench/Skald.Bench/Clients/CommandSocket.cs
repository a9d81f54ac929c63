using System.Text;
using Skald.Bench.Load;
using Skald.Bench.Machine;
using Skald.Bench.Targets;

namespace Skald.Bench.Clients;

/// <summary>A client that sends into one room, is not in it, and waits for acks.</summary>
internal sealed class CommandSocket(Room room, int place, AckDialect dialect, string path, int textBytes)
    : WebSocketConnection(path), ISender
{
    /// <summary>Sends whose acks are remembered at once; more without an ack is a fault.</summary>
    private const int MostUnacked = 8192;

    private readonly MessageTemplate _template = dialect.Message(room.Name, textBytes);

    private readonly long[] _intendedAt = new long[MostUnacked];
    private uint _window;
    private uint _until;

    public uint Acked { get; private set; } = room.Sent[place];

    /// <summary>Where it is, its token with it.</summary>
    public string Address => Path;

    protected override byte? Separator => dialect.Separator;

    /// <summary>Whether nothing is on its way.</summary>
    public bool IsIdle => Acked == room.Sent[place];

    /// <summary>Keeps so many sends on their way from now on: the next one goes when an ack has come.</summary>
    /// <param name="until">The number of sends after which it is enough.</param>
    public void KeepSending(int window, uint until = uint.MaxValue)
    {
        (_window, _until) = ((uint)window, until);
        SendNext();
    }

    public void StopSending() => _until = 0;

    public void Send(long intendedAt)
    {
        var number = room.Sent[place]++;
        if (number - Acked >= MostUnacked)
            Loop.Fail($"{MostUnacked} sends have no ack.");
        _intendedAt[number % MostUnacked] = intendedAt;
        Send(_template.Stamp(new Marker(place, number, intendedAt)));
    }

    protected override void OnUpgraded()
    {
        var greeting = dialect.Greeting;
        if (!greeting.IsEmpty)
            Send(greeting);
    }

    protected override void OnRecord(ReadOnlySpan<byte> record, long receivedAt)
    {
        if (dialect.TryReadAck(record, out var number))
            OnAck(number, receivedAt);
        else if (dialect.IsReady(record))
            Ready();
        else if (!dialect.IsIdle(record))
            Loop.Fail(Encoding.UTF8.GetString(record));
    }

    private void OnAck(uint number, long receivedAt)
    {
        // One room, one connection: acks come in the order of the sends. A window of 1 has no other.
        if (number != Acked)
            Loop.Fail($"The ack of send {number} came where that of {Acked} was due.");
        Acked++;
        Loop.Stats.Answer.Record(receivedAt - _intendedAt[number % MostUnacked]);
        SendNext();
    }

    private void SendNext()
    {
        while (room.Sent[place] < _until && room.Sent[place] - Acked < _window)
            Send(Clock.Now);
    }
}
