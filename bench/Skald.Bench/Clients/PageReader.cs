using System.Text;
using Skald.Bench.Load;
using Skald.Bench.Machine;

namespace Skald.Bench.Clients;

/// <summary>Asks for pages, one after the other; the requests take turns.</summary>
internal sealed class PageReader(IReadOnlyList<byte[]> requests, int firstRequest) : HttpConnection
{
    private const int Ok = 200;

    private int _next = firstRequest;
    private long _askedAt;

    public bool IsStopped { get; set; }

    public void AskNext()
    {
        _askedAt = Clock.Now;
        Send(requests[_next++ % requests.Count]);
    }

    protected override void OnAnswer(int status, ReadOnlySpan<byte> answer, long receivedAt)
    {
        Loop.Stats.Answer.Record(receivedAt - _askedAt);
        if (status != Ok)
            Loop.Fail(Encoding.UTF8.GetString(answer));
        else if (!IsStopped)
            AskNext();
    }
}
