using System.Text;
using Skald.Bench.Load;
using Skald.Bench.Targets;

namespace Skald.Bench.Clients;

/// <summary>Logs in when it is told to, and counts how that ended.</summary>
internal sealed class LoginClient : HttpConnection
{
    private const int Ok = 200, ServiceUnavailable = 503;

    private long _intendedAt;

    /// <summary>Whether it waits for no answer.</summary>
    public bool IsIdle { get; private set; } = true;

    public long Done { get; private set; }

    /// <summary>How long those took that were refused.</summary>
    public LatencyHistogram Refused { get; } = new();

    public void LogIn(long intendedAt)
    {
        (IsIdle, _intendedAt) = (false, intendedAt);
        Send(Accounts.LoginRequest);
    }

    protected override void OnAnswer(int status, ReadOnlySpan<byte> answer, long receivedAt)
    {
        IsIdle = true;
        if (status == Ok)
            Done++;
        else if (status == ServiceUnavailable)
            Refused.Record(receivedAt - _intendedAt);
        else
            Loop.Fail(Encoding.UTF8.GetString(answer));
    }
}
