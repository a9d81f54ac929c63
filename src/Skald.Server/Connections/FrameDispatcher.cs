using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Rooms;

namespace Skald.Server.Connections;

/// <summary>What each command of a client does. Called by the connection's read loop, one frame after the other.</summary>
internal sealed partial class FrameDispatcher(
    MessagePipeline pipeline,
    RoomDirectory rooms,
    RoomAuthorizer authorizer,
    RoomFeeds feeds,
    RoomLog log,
    AccessTokens tokens,
    ConnectionRegistry registry,
    IOptions<Limits> limits,
    ILogger<FrameDispatcher> logger)
{
    private static readonly ChatError NotAuthenticated = new(ErrorCode.NotAuthenticated, "Authenticate first: send auth with an access token.");

    private static readonly ChatError AnotherUser = new(ErrorCode.Forbidden, "This connection belongs to another session; open a new one.");

    private readonly ProtocolLimits _limits = limits.Value.Protocol;

    /// <param name="connection">Where the frame came from, and where answers go.</param>
    /// <param name="frame">A text frame's payload: valid UTF-8, valid during the call.</param>
    public async ValueTask DispatchAsync(Connection connection, ReadOnlyMemory<byte> frame)
    {
        var command = connection.OnlyRoom is null
            ? ClientCommand.Read(frame.Span, _limits, out var error, out var id)
            : SendCommand.ReadRoomFrame(frame.Span, _limits, out error, out id);
        if (error?.Code == ErrorCode.Malformed)
        {
            connection.Answer(id, error);
            connection.Close(CloseCode.Malformed);
        }
        else if (connection.TryTakeCommand(id))
        {
            if (error is not null)
                connection.Answer(id, error);
            else if (command is not null)
                await RunAsync(connection, command);
        }
    }

    /// <summary>Ties a connection to its user, and tells it so; the room socket is told nothing.</summary>
    /// <returns>False where it may not stay: it is closing.</returns>
    public bool Welcome(Connection connection, CurrentUser user, FrameId re = default)
    {
        if (registry.SignIn(connection, user) is { } refused)
        {
            connection.Close(refused);
            return false;
        }

        if (connection.OnlyRoom is null)
            AnswerReady(connection, re, user);
        return true;
    }

    /// <summary>Enters a room, and says where. Messages after that place follow, then live ones.</summary>
    /// <param name="join">Where and from which position.</param>
    /// <param name="tell">Whether the client wants <c>joined</c>: clients of the Django project do not know it, nor positions.</param>
    public async ValueTask JoinAsync(Connection connection, JoinCommand join, bool tell)
    {
        var user = connection.User!.Value;
        var (room, error) = await EnterAsync(user, join.Room, make: true);
        error ??= authorizer.Check(user, room!, RoomAction.Join);
        var joined = connection.Outbound.Subscriptions;
        if (error is null && _limits.Rooms > 0 && joined.Count >= _limits.Rooms && !joined.Any(s => s.Room == room))
            error = new ChatError(ErrorCode.TooManyRooms, $"One connection may be in {_limits.Rooms} rooms; leave one, or open another connection.");
        if (error is not null)
        {
            connection.Answer(join.Id, error with { Room = join.Room });
            return;
        }

        Leave(connection, join.Room);
        // Registered first, read later: what is stored from here on is offered, what was stored before is read, nothing lies between.
        var subscription = new Subscription(connection.Outbound, room!, connection.OnlyRoom is not null && join.Since is null ? Dialect.Messages : Dialect.Entries);
        var place = Place(join, room!, feeds.Register(subscription));
        subscription.StartAt(place.Since);
        // Whoever cannot go on where it was is told so, asked or not: what follows would have a hole that it takes for none.
        if (tell || !place.Complete)
            connection.Answer(place);
        connection.Outbound.Start(subscription);
    }

    /// <summary>Takes a connection that has ended out of all its rooms.</summary>
    public void LeaveAll(Connection connection)
    {
        while (connection.Outbound.Subscriptions is [.., var subscription])
            Leave(connection, subscription);
    }

    private async ValueTask RunAsync(Connection connection, ClientCommand command)
    {
        try
        {
            if (command is AuthCommand auth)
                await AuthenticateAsync(connection, auth);
            else if (connection.User is { } user)
                await RunAsync(connection, user, command);
            else
                connection.Answer(command.Id, NotAuthenticated);
        }
        catch (Exception e)
        {
            Log.Failed(logger, command.GetType().Name, e);
            connection.Close(CloseCode.ServerError);
        }
    }

    private async ValueTask RunAsync(Connection connection, CurrentUser user, ClientCommand command)
    {
        switch (command)
        {
            case EntryCommand entry:
                await PublishAsync(connection, user, entry);
                break;
            case JoinCommand join:
                await JoinAsync(connection, join, tell: join.Id.Wanted);
                break;
            case ResumeCommand resume:
                foreach (var (room, seq) in resume.Rooms)
                    await JoinAsync(connection, new JoinCommand(resume.Id, room, seq, resume.Epoch), tell: resume.Id.Wanted);
                break;
            case LeaveCommand leave:
                Leave(connection, leave.Room);
                if (leave.Id.Wanted)
                    connection.Answer(new LeftFrame(leave.Id, leave.Room));
                break;
            case PingCommand { Id.Wanted: true } ping:
                connection.Answer(new PongFrame(ping.Id));
                break;
        }
    }

    private async ValueTask AuthenticateAsync(Connection connection, AuthCommand auth)
    {
        if (!(await tokens.ValidateAsync(auth.Token)).TryGet(out var user, out var error))
        {
            connection.Answer(auth.Id, error);
            if (connection.User is null)
                connection.Close(CloseCode.TokenNotValid);
        }
        else if (connection.User is not { } known)
        {
            Welcome(connection, user, auth.Id);
        }
        else if (known.SessionId != user.SessionId)
        {
            connection.Answer(auth.Id, AnotherUser);
        }
        else
        {
            AnswerReady(connection, auth.Id, user);
        }
    }

    /// <remarks>In the order of the frames, since nothing waits but for a room's first use: so a connection's entries keep their order in each room.</remarks>
    private async ValueTask PublishAsync(Connection connection, CurrentUser user, EntryCommand command)
    {
        var room = connection.OnlyRoom;
        if (room is null)
        {
            (room, var error) = await EnterAsync(user, command.Room!, make: command is SendCommand);   // what is not there holds no message to change
            if (error is not null)
            {
                connection.Answer(command.Id, error);
                return;
            }
        }

        pipeline.Publish(new SocketDraft(connection, user, room!, command));
    }

    /// <summary>As <see cref="RoomDirectory.EnterAsync"/>, but a refusal of the storage is an answer about this room: a <c>resume</c> goes on with the next.</summary>
    private ValueTask<(Room? Room, ChatError? Error)> EnterAsync(CurrentUser user, string name, bool make)
    {
        var entering = rooms.EnterAsync(user, name, make);
        return entering.IsCompletedSuccessfully ? entering : OrRefusalAsync(entering, name);
    }

    private static async ValueTask<(Room? Room, ChatError? Error)> OrRefusalAsync(ValueTask<(Room? Room, ChatError? Error)> entering, string name)
    {
        try
        {
            return await entering;
        }
        catch (StorageException e)
        {
            return (null, e.Error with { Room = name });
        }
    }

    private void Leave(Connection connection, string room)
    {
        if (connection.Outbound.Subscriptions.FirstOrDefault(s => s.Room.Name == room) is { } subscription)
            Leave(connection, subscription);
    }

    private void Leave(Connection connection, Subscription subscription)
    {
        connection.Outbound.Stop(subscription);
        feeds.Unregister(subscription);
    }

    /// <summary>Where a join begins: at the position asked for, or, told so, where the log can begin.</summary>
    private JoinedFrame Place(JoinCommand join, Room room, long head)
    {
        var (since, complete) = join switch
        {
            { Since: null } => (head, true),
            { Epoch: { } epoch } when epoch != log.Epoch => (head, false),     // another log's position
            { Since: { } ahead } when ahead > Math.Max(head, room.LastSeq) => (head, false),         // a position this log has not reached
            { Since: { } trimmed } when trimmed < room.FirstSeq - 1 => (room.FirstSeq - 1, false),
            { Since: { } held } => (held, true),
        };
        return new JoinedFrame(join.Id, room.Name, Math.Max(head, since), since, complete, room.FirstSeq, log.Epoch);
    }

    private void AnswerReady(Connection connection, FrameId re, CurrentUser user) =>
        connection.Answer(new ReadyFrame(re, user.Id, user.Username, log.Epoch, limits.Value.PingInterval, _limits));

    private static partial class Log
    {
        [LoggerMessage(4010, LogLevel.Error, "{Command} failed")]
        public static partial void Failed(ILogger logger, string command, Exception cause);
    }
}
