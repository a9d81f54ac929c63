using System.Text;
using Skald.Bench.Load;
using Skald.Bench.Machine;

namespace Skald.Bench.Clients;

/// <summary>A client of Skald's own socket that sends into one room and waits for acks.</summary>
internal sealed class CommandSocket(Room room, int place, string path, int textBytes) : WebSocketConnection(path), ISender
{
    /// <summary>Sends whose acks are remembered at once; more without an ack is a fault.</summary>
    private const int MostUnacked = 8192;

    private readonly MessageTemplate _template = MessageTemplate.Frame(
        $$"""{"type":"send","id":"{{MessageTemplate.IdPlace}}","room":"{{room.Name}}","message":""" + "\"", textBytes, "\"}");

    private readonly long[] _intendedAt = new long[MostUnacked];
    private uint _window;
    private uint _until;

    public uint Acked { get; private set; } = room.Sent[place];

    /// <summary>Where it is, its token with it.</summary>
    public string Address => Path;

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
    }

    protected override void OnMessage(ReadOnlySpan<byte> message, long receivedAt)
    {
        var name = "\"re\":\""u8;
        if (message.StartsWith("{\"type\":\"ack\""u8) && message.IndexOf(name) is var re and >= 0)
        {
            OnAck(Marker.Eight(message[(re + name.Length)..]), receivedAt);
            return;
        }

        if (message.StartsWith("{\"type\":\"ready\""u8))
            Ready();
        else
            Loop.Fail(Encoding.UTF8.GetString(message));
    }

    private void OnAck(uint number, long receivedAt)
    {
        // One room, one connection: acks come in the order of the sends.
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
