using System.Text;
using Skald.Bench.Load;
using Skald.Bench.Machine;

namespace Skald.Bench.Clients;

/// <summary>Sends into a room by <c>POST</c>, each when the one before is answered.</summary>
internal sealed class RestSender(Room room, int place, string token, int textBytes) : HttpConnection
{
    private const int Created = 201;

    private readonly MessageTemplate _template = MessageTemplate.HttpPost($"/api/rooms/{room.Name}/messages/", token, textBytes);
    private bool _sending;
    private long _sentAt;

    /// <summary>Whether nothing is on its way.</summary>
    public bool IsIdle { get; private set; } = true;

    public void KeepSending()
    {
        _sending = true;
        SendNext();
    }

    public void StopSending() => _sending = false;

    protected override void OnAnswer(int status, ReadOnlySpan<byte> answer, long receivedAt)
    {
        IsIdle = true;
        Loop.Stats.Answer.Record(receivedAt - _sentAt);
        if (status != Created)
            Loop.Fail(Encoding.UTF8.GetString(answer));
        else if (_sending)
            SendNext();
    }

    private void SendNext()
    {
        IsIdle = false;
        _sentAt = Clock.Now;
        Send(_template.Stamp(new Marker(place, room.Sent[place]++, _sentAt)));
    }
}
