using Skald.Bench.Load;

namespace Skald.Bench.Clients;

/// <summary>Logins of one loop at fixed times, each by a client that waits for nothing.</summary>
internal sealed class LoginFlood(IReadOnlyList<LoginClient> clients) : ISender
{
    private int _next;

    public LoadLoop Loop => clients[0].Loop;

    public void Send(long intendedAt)
    {
        for (var tried = 0; tried < clients.Count; tried++)
        {
            // In turn: the server ends a connection that asks nothing for a minute.
            var client = clients[_next++ % clients.Count];
            if (!client.IsIdle)
                continue;
            client.LogIn(intendedAt);
            return;
        }

        Loop.Fail($"All {clients.Count} login clients wait for an answer.");
    }
}
