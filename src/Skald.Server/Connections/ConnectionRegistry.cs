using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Identity;

namespace Skald.Server.Connections;

/// <summary>The open sockets of this node: all of them, and those of each session, which end with it.</summary>
internal sealed class ConnectionRegistry : IDisposable
{
    private readonly Lock _listGate = new();
    private readonly List<Listed> _all = [];
    private Func<TimeSpan>? _comeBack;   // once the node drains
    private readonly Lock _gate = new();
    private readonly Dictionary<long, List<Connection>> _bySession = [];
    private readonly Dictionary<long, int> _byUser = [];
    private readonly SessionLifecycle _sessions;
    private readonly ConnectionMetrics _metrics;
    private readonly int _perUser;

    public ConnectionRegistry(SessionLifecycle sessions, IOptions<IdentityLimits> limits, ConnectionMetrics metrics)
    {
        (_sessions, _metrics) = (sessions, metrics);
        metrics.ObserveConnections(() => Count);
        _perUser = limits.Value.ConnectionsPerUser;
        sessions.Ended += CloseSession;
    }

    /// <summary>A moment's view; connections come and go meanwhile.</summary>
    public Connection[] All
    {
        get
        {
            lock (_listGate)
                return [.. _all.Select(listed => listed.Connection)];
        }
    }

    public int Count => _all.Count;

    public void Add(Connection connection)
    {
        Func<TimeSpan>? comeBack;
        lock (_listGate)
        {
            comeBack = _comeBack;
            connection.Slot = _all.Count;
            _all.Add(new Listed(connection, TimeSpan.MinValue));
        }

        if (comeBack is not null)
            connection.Close(CloseCode.Drain, comeBack());
    }

    /// <summary>Closes every socket, also one whose handshake was under way and that is added only later.</summary>
    /// <param name="comeBack">When a client is to come back; asked for each.</param>
    public void Drain(Func<TimeSpan> comeBack)
    {
        lock (_listGate)
            _comeBack = comeBack;
        foreach (var connection in All)
            connection.Close(CloseCode.Drain, comeBack());
    }

    /// <summary>Collects the connections whose next check is due; they are not due again before <see cref="CheckAgain"/>.</summary>
    /// <remarks>Of the others only a number is read, in memory order: ten thousand idle ones cost some microseconds.</remarks>
    /// <param name="now">Time since the caller, <see cref="Heartbeat"/>, started; as in <see cref="CheckAgain"/>.</param>
    public void CollectDue(TimeSpan now, List<Connection> due)
    {
        lock (_listGate)
        {
            foreach (ref var listed in CollectionsMarshal.AsSpan(_all))
            {
                if (listed.DueAt > now)
                    continue;
                listed.DueAt = TimeSpan.MaxValue;
                due.Add(listed.Connection);
            }
        }
    }

    /// <summary>Says when a connection is due again, unless it has asked for it before.</summary>
    public void CheckAgain(Connection connection, TimeSpan at)
    {
        lock (_listGate)
        {
            if (IsListed(connection) && at < _all[connection.Slot].DueAt)
                _all[connection.Slot] = new Listed(connection, at);
        }
    }

    /// <summary>Makes a connection due at the next look.</summary>
    public void CheckSoon(Connection connection) => CheckAgain(connection, TimeSpan.MinValue);

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
            connection.Caller = new SocketCaller(connection, user);
        }

        // Asked after it is listed: a session that ended in between is either seen here or closes the listed connection.
        return _sessions.IsEnded(user.SessionId) ? CloseCode.TokenNotValid : null;
    }

    public void Remove(Connection connection)
    {
        if (TryUnlist(connection))
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

    /// <summary>
    /// Aborts the sockets that are still open, which they are where an application is disposed of without having been stopped.
    /// </summary>
    public void Dispose()
    {
        foreach (var connection in All)
        {
            try
            {
                connection.Abort();
            }
            catch (ObjectDisposedException)
            {
                // It has ended this moment.
            }
        }
    }

    private bool IsListed(Connection connection) => connection.Slot < _all.Count && _all[connection.Slot].Connection == connection;

    /// <remarks>The last one takes its place: the list stays without holes.</remarks>
    private bool TryUnlist(Connection connection)
    {
        lock (_listGate)
        {
            if (!IsListed(connection))
                return false;
            var last = _all[^1];
            last.Connection.Slot = connection.Slot;
            _all[connection.Slot] = last;
            _all.RemoveAt(_all.Count - 1);
            return true;
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

    /// <param name="DueAt">When somebody should look at it.</param>
    private record struct Listed(Connection Connection, TimeSpan DueAt);
}
