using Skald.Server.Cluster;

namespace Skald.Server.Storage.Postgres;

/// <summary>NOTIFY and LISTEN of the database itself, on connections of their own: a commit that notifies holds up all others.</summary>
internal sealed class PostgresBus(PostgresServer server) : IBus
{
    /// <summary>
    /// Both connections are idle for long. The server's end must notice that this node is gone, also where it has sent something: what
    /// is not read would fill the server's queue of notifications, which all nodes share.
    /// </summary>
    private const string Session =
        $"-c idle_session_timeout=0 -c statement_timeout=1500ms {PostgresServer.Keepalives} -c tcp_user_timeout=8000";

    /// <summary>NOTIFY writes nothing that must be on disk: the later setting holds.</summary>
    private const string NotDurable = "-c synchronous_commit=off";

    /// <summary>In seconds. <see cref="Announcements"/> gives a connection up before.</summary>
    private const int CommandTimeout = 4;

    public string Place => $"PostgreSQL, database {server.Place}";

    /// <remarks>PostgreSQL takes payloads that are shorter than 8,000 bytes.</remarks>
    public int MostBytes => 7_900;

    public async Task<IBusLink> OpenAsync(Action<string> received, Action<Exception?> ended)
    {
        var link = new PostgresLink(
            server.New("skald announce", $"{Session} {NotDurable}", CommandTimeout), server.New("skald listen", Session, CommandTimeout));
        try
        {
            await link.OpenAsync(received, ended);
            return link;
        }
        catch
        {
            await link.DisposeAsync();
            throw;
        }
    }
}
