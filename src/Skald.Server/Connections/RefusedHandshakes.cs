using Skald.Protocol;

namespace Skald.Server.Connections;

/// <summary>
/// Tells the operator of sockets that were refused before they opened, at most once a minute for each reason: anybody can make them by
/// the thousand.
/// </summary>
internal sealed partial class RefusedHandshakes(TimeProvider clock, ILogger<RefusedHandshakes> logger)
{
    /// <summary>Characters of what a client wrote that are told.</summary>
    private const int MostTold = 200;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Reason> _reasons = new(StringComparer.Ordinal);

    public void Note(HttpContext context, ChatError refusal)
    {
        var origin = context.Request.Headers.Origin.ToString();
        if (refusal == Handshake.UpgradeDropped)
        {
            if (MayTell("upgrade", out var before))
                Log.UpgradeDropped(logger, before);
        }
        else if (refusal == Handshake.ForeignOrigin)
        {
            if (MayTell("origin", out var before))
                Log.OriginRefused(
                    logger,
                    Cut(origin),
                    Cut($"{context.Request.Scheme}://{context.Request.Host}"),
                    Remedy(context.Request, origin),
                    before);
        }
        else if (MayTell(refusal.Code.Name, out var before))
        {
            Log.Refused(logger, context.Response.StatusCode, refusal.Code.Name, Cut(origin), before);
        }
    }

    /// <summary>
    /// What an operator has to change where the page is this server's own, seen through a proxy. A stranger's page looks just like it.
    /// </summary>
    private static string Remedy(HttpRequest request, string text) =>
        WebOrigin.Parse(text) is { } page
            && WebOrigin.Parse($"{request.Scheme}://{request.Host}") is { } own
            && page.Host == own.Host
            && page.Scheme != own.Scheme
            ? "let the proxy at which TLS ends send X-Forwarded-Proto, and set TrustedProxies to its address"
            : "let the proxy before it pass the header Host on (nginx: proxy_set_header Host $host), or add the page's origin to Connections:AllowedOrigins";

    /// <param name="before">How many of this reason were not told since the last that was.</param>
    private bool MayTell(string reason, out int before)
    {
        lock (_gate)
        {
            var known = _reasons.TryGetValue(reason, out var last);
            var now = clock.GetTimestamp();
            if (known && clock.GetElapsedTime(last.ToldAt, now) < Pause)
            {
                _reasons[reason] = last with { Untold = last.Untold + 1 };
                before = 0;
                return false;
            }

            _reasons[reason] = new Reason(now, 0);
            before = last.Untold;
            return true;
        }
    }

    private static string Cut(string told) => told.Length > MostTold ? told[..MostTold] : told;

    /// <param name="ToldAt">When a line was written.</param>
    /// <param name="Untold">Refusals since then.</param>
    private readonly record struct Reason(long ToldAt, int Untold);

    private static partial class Log
    {
        [LoggerMessage(4040, LogLevel.Warning, "A socket was refused: its handshake came without the header Upgrade, so a proxy on the way drops it. Let it pass Upgrade and Connection on "
            + "(nginx: proxy_http_version 1.1, proxy_set_header Upgrade $http_upgrade, proxy_set_header Connection \"upgrade\"). {Before} more were refused since this was said last")]
        public static partial void UpgradeDropped(ILogger logger, int before);

        [LoggerMessage(4041, LogLevel.Warning, "A page of {Origin} was refused a socket: this server takes itself for {Own}. If the page is this server's own, {Remedy}. "
            + "{Before} more were refused since this was said last")]
        public static partial void OriginRefused(ILogger logger, string origin, string own, string remedy, int before);

        [LoggerMessage(4042, LogLevel.Information, "A socket was refused before it opened: {Status} {Code}, origin \"{Origin}\". {Before} more of this code since this was said last")]
        public static partial void Refused(ILogger logger, int status, string code, string origin, int before);
    }
}
