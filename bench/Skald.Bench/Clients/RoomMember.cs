using System.Buffers.Text;
using System.Text;
using Skald.Bench.Load;
using Skald.Bench.Machine;
using Skald.Bench.Targets;

namespace Skald.Bench.Clients;

/// <summary>Someone in a room: reads everything and checks it, and sends where it was given a sender's place.</summary>
internal sealed class RoomMember(Room room, Dialect dialect, string path, OrderCheck seen) : WebSocketConnection(path), ISender
{
    private uint _window;
    private uint _answered;

    /// <summary>What has been read of the room, over all connections of this reader.</summary>
    public OrderCheck Seen => seen;

    /// <summary>The place among the room's senders.</summary>
    public int? Place { get; init; }

    /// <summary>What it sends.</summary>
    public MessageTemplate? Template { get; init; }

    /// <summary>For a reader that comes back: when it wanted to, and how many messages it has read once it has caught up.</summary>
    public (long WantedAt, long Received)? Return { get; init; }

    /// <summary>Set on those that stop reading: the server may close them.</summary>
    public bool MayBeClosed { get; init; }

    /// <summary>Keeps so many of its own messages on their way from now on: it sends the next when one of them has come back.</summary>
    public void KeepSending(int window)
    {
        _window = (uint)window;
        SendNext();
    }

    /// <summary>The node it is connected to.</summary>
    public int Node { get; init; }

    protected override byte? Separator => dialect.Separator;

    public void StopSending() => _window = 0;

    public void Send(long intendedAt)
    {
        var number = room.Sent[Place!.Value]++;
        Send(Template!.Stamp(new Marker(Place.Value, number, intendedAt)));
    }

    protected override void OnUpgraded()
    {
        var greeting = dialect.Greeting(room.Name, seen.Seq);
        if (!greeting.IsEmpty)
            Send(greeting);
    }

    protected override void OnEnded(string how)
    {
        if (!MayBeClosed)
            base.OnEnded(how);
    }

    protected override void OnRecord(ReadOnlySpan<byte> record, long receivedAt)
    {
        if (!Marker.TryFind(record, out var marker))
        {
            OnControl(record);
            return;
        }

        if (seen.Take(marker, room.KeepsTotalOrder ? SeqOf(record) : 0) is { } fault)
        {
            Loop.Fail($"Room {room.Name}: {fault}.");
            Close();
            return;
        }

        Loop.Stats.Delivered(receivedAt - marker.SentAt, record.Length, fromOtherNode: room.NodeOf(marker.Sender) != Node);
        if (Return is { } back && back.Received == seen.Received)
            Loop.Stats.Answer.Record(receivedAt - back.WantedAt);
        if (marker.Sender == Place)
            OnOwnMessage(receivedAt - marker.SentAt);
    }

    private void OnOwnMessage(long latency)
    {
        Loop.Stats.Answer.Record(latency);
        _answered++;
        SendNext();
    }

    private void SendNext()
    {
        while (room.Sent[Place!.Value] - _answered < _window)
            Send(Clock.Now);
    }

    private void OnControl(ReadOnlySpan<byte> record)
    {
        if (record.IndexOf("\"error\""u8) >= 0 || record.IndexOf("\"complete\":false"u8) >= 0)
            Loop.Fail(Encoding.UTF8.GetString(record));
        else if (record.IndexOf("\"joined\""u8) >= 0)
            Ready();
    }

    private static long SeqOf(ReadOnlySpan<byte> record)
    {
        var name = "\"seq\":"u8;
        var start = record.IndexOf(name);
        return start >= 0 && Utf8Parser.TryParse(record[(start + name.Length)..], out long seq, out _) ? seq : -1;
    }
}
