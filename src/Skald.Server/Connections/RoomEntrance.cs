using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Commands;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Identity;
using Skald.Server.Rooms;

namespace Skald.Server.Connections;

/// <summary>Takes connections into rooms and out of them: in a room a connection has a subscription, a cursor into its log.</summary>
internal sealed class RoomEntrance(RoomAccess rooms, RoomFeeds feeds, RoomLog log, IOptions<WireLimits> limits)
{
    private readonly int _mostRooms = limits.Value.Protocol.Rooms;

    /// <summary>Enters a room, and says where. Messages after that place follow, then live ones.</summary>
    /// <param name="join">Where and from which position.</param>
    /// <param name="tell">Whether the client wants <c>joined</c>: clients of the Django project do not know it, nor positions.</param>
    public async ValueTask JoinAsync(SocketCaller caller, JoinCommand join, bool tell)
    {
        var connection = caller.Connection;
        if (!(await rooms.EnterAsync(caller.User, join.Room, RoomAction.Join)).TryGet(out var entered, out var refusal))
        {
            caller.Refuse(join.Id, refusal);
            return;
        }

        var room = entered.Room;

        LeaveEnded(connection);
        if (HasTooMany(connection, besides: room))
        {
            var detail = $"One connection may be in {_mostRooms} rooms; leave one, or open another connection.";
            caller.Refuse(join.Id, new ChatError(ErrorCode.TooManyRooms, detail) { Room = room.Name });
            return;
        }

        if (join.Since > room.LastSeq)
            await log.CatchUpAsync();   // the position may be another node's
        Leave(connection, room.Name);
        // Registered first, read later: what is stored from here on is offered, what was stored before is read, nothing lies between.
        var dialect = connection.OnlyRoom is null ? Dialect.Signals
            : tell ? Dialect.Entries : Dialect.Messages;   // who asks for no position knows none
        var subscription = new Subscription(connection.Outbound, room, dialect, caller.User.Id);
        var head = feeds.Register(subscription);
        // Once more: who was removed before is found here; the removal of who is from here on, among the entries.
        if (!(await rooms.EnterAsync(caller.User, join.Room, RoomAction.Join)).TryGet(out entered, out refusal))
        {
            feeds.Unregister(subscription);
            caller.Refuse(join.Id, refusal);
            return;
        }

        subscription.GrantedBy = entered.State.Version;
        var joined = Begin(join, entered, caller.User, head);
        subscription.StartAt(joined.Since);
        // A client that cannot continue from its cursor is told so, with or without an id: else it would take the hole that follows for
        // none.
        if (tell || !joined.Complete)
            connection.Answer(joined);
        connection.Outbound.Start(subscription);
    }

    /// <summary>Leaves a room, also one that was not entered.</summary>
    public void Leave(Connection connection, string room)
    {
        if (connection.Outbound.Find(room) is { } subscription)
            Leave(connection, subscription);
    }

    /// <summary>Takes a connection that has ended out of all its rooms.</summary>
    public void LeaveAll(Connection connection)
    {
        while (connection.Outbound.Subscriptions is [.., var subscription])
            Leave(connection, subscription);
    }

    /// <summary>Takes it out of the rooms in which its reading has ended.</summary>
    private void LeaveEnded(Connection connection)
    {
        for (var i = connection.Outbound.Subscriptions.Count - 1; i >= 0; i--)
        {
            if (connection.Outbound.Subscriptions[i] is { Exit: not null } ended)
                Leave(connection, ended);
        }
    }

    private bool HasTooMany(Connection connection, Room besides) =>
        _mostRooms > 0 && connection.Outbound.Subscriptions.Count >= _mostRooms && connection.Outbound.Find(besides.Name) is null;

    private void Leave(Connection connection, Subscription subscription)
    {
        connection.Outbound.Stop(subscription);
        feeds.Unregister(subscription);
    }

    /// <summary>Where a join begins: at the position asked for, or, told so, where the log can begin.</summary>
    private JoinedFrame Begin(JoinCommand join, EnteredRoom entered, CurrentUser user, long head)
    {
        var (room, first) = (entered.Room, entered.FirstSeq(user));
        head = Math.Max(head, first - 1);
        var (since, complete) = join switch
        {
            { Since: null } => (head, true),
            { Epoch: { } epoch } when epoch != log.Epoch => (head, false),                     // another log's position
            { Since: { } ahead } when ahead > Math.Max(head, room.LastSeq) => (head, false),   // a position this log has not reached
            { Since: { } trimmed } when trimmed < first - 1 => (first - 1, false),
            { Since: { } held } => (held, true),
        };
        return new JoinedFrame(join.Id, room.Name, Math.Max(head, since), since, complete, first, log.Epoch)
        {
            Role = entered.State.RoleOf(user.Id),
        };
    }
}
