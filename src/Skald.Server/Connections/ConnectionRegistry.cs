using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Operations;

namespace Skald.Server.Connections;

/// <summary>The open sockets of this node: all of them, and those of each session, which end with it.</summary>
internal sealed class ConnectionRegistry
{
    private readonly ConcurrentDictionary<Connection, bool> _all = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<long, List<Connection>> _bySession = [];
    private readonly Dictionary<long, int> _byUser = [];
    private readonly Sessions _sessions;
    private readonly ConnectionMetrics _metrics;
    private readonly int _perUser;

    public ConnectionRegistry(Sessions sessions, IOptions<Limits> limits, ConnectionMetrics metrics)
    {
        (_sessions, _metrics) = (sessions, metrics);
        metrics.ObserveConnections(() => Count);
        _perUser = limits.Value.ConnectionsPerUser;
        sessions.Ended += CloseSession;
    }

    /// <summary>A moment's view; connections come and go meanwhile.</summary>
    public IEnumerable<Connection> All => _all.Select(pair => pair.Key);

    public int Count => _all.Count;

    public void Add(Connection connection) => _all[connection] = true;

    /// <summary>Ties a connection to the session it authenticated with.</summary>
    /// <returns>Null, or why the connection must close.</returns>
    public CloseCode? SignIn(Connection connection, CurrentUser user)
    {
        lock (_gate)
        {
            var held = _byUser.GetValueOrDefault(user.Id);
            if (_perUser > 0 && held >= _perUser)
                return CloseCode.TooManyConnections;
            _byUser[user.Id] = held + 1;
            if (!_bySession.TryGetValue(user.SessionId, out var connections))
                _bySession.Add(user.SessionId, connections = []);
            connections.Add(connection);
            connection.User = user;
        }

        // Asked after it is listed: a session that ended in between is either seen here or closes the listed connection.
        return _sessions.IsEnded(user.SessionId) ? CloseCode.TokenNotValid : null;
    }

    public void Remove(Connection connection)
    {
        if (_all.TryRemove(connection, out _))
            _metrics.Ended(connection.ClosedWith);
        lock (_gate)
        {
            if (connection.User is not { } user)
                return;
            if (--_byUser[user.Id] == 0)
                _byUser.Remove(user.Id);
            var connections = _bySession[user.SessionId];
            connections.Remove(connection);
            if (connections.Count == 0)
                _bySession.Remove(user.SessionId);
        }
    }

    private void CloseSession(long sessionId)
    {
        Connection[] connections;
        lock (_gate)
            connections = _bySession.TryGetValue(sessionId, out var list) ? [.. list] : [];
        foreach (var connection in connections)
            connection.Close(CloseCode.TokenNotValid);
    }
}
