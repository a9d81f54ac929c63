using System.Buffers.Binary;
using System.Text;
using Skald.Protocol;
using Skald.Server.Delivery;
using Skald.Server.Identity;
using Skald.Server.Limits;
using Skald.Server.Rooms;
using Skald.Server.Transport;

namespace Skald.Server.Connections;

/// <summary>One socket, from the handshake to its end: a read loop that hands frames on, and the state they act upon.</summary>
/// <remarks>
/// Both sockets are this class: the room socket is a connection that joined one room and reads its frames as the Django project does.
/// The read loop waits for the peer only, but for the first use of a room; everything out goes through <see cref="Outbound"/>.
/// </remarks>
internal sealed partial class Connection : IDisposable
{
    /// <summary>Time for the peer to answer our close frame; then the connection is cut.</summary>
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(2);

    /// <summary>Frames of what one reading brought that are handled before others have their turn.</summary>
    private const int FramesPerYield = 32;

    private static readonly byte[] Ping = WebSocketFrame.Encode(WebSocketFrame.Ping, []);

    private readonly ISocket _socket;
    private readonly WebSocketReader _reader;
    private readonly ConnectionLimits _limits;
    private readonly TimeProvider _clock;
    private readonly ConnectionMetrics _metrics;
    private readonly ConnectionRegistry _registry;
    private readonly ILogger _logger;
    private readonly long _openedAt;

    private FloodAccount _flood;
    private TokenBucket _signals;
    private Liveness _liveness;
    private byte[]? _pong;   // answers the newest ping of the peer; null: none waits
    private int _closing;
    private long _closedAt;
    private long _sessionCheckAt;

    /// <param name="unread">What it sent that was read already.</param>
    public Connection(ConnectionServices services, ISocket socket, ReadOnlyMemory<byte> unread, Room? onlyRoom)
    {
        _socket = socket;
        OnlyRoom = onlyRoom;
        (_limits, _clock) = (services.Limits, services.Clock);
        (_registry, _metrics, _logger) = (services.Registry, services.Metrics, services.Logger);
        (_flood, _liveness) = (new FloodAccount(_limits, _clock), new Liveness(_limits, _clock));
        _openedAt = _clock.GetTimestamp();
        Action checkSoon = CheckSoon;   // one delegate for both
        _reader = new WebSocketReader(socket, unread.Span, _limits, services.FrameBytes, _clock, NoteExcess, checkSoon);
        Outbound = new Outbound(socket, services.Log, services.Delivery, _clock, Fail, checkSoon);
    }

    public Outbound Outbound { get; }

    /// <summary>The room of a room socket; null on the Skald socket.</summary>
    public Room? OnlyRoom { get; }

    /// <summary>Who is at the other end; null until authenticated. Set by <see cref="ConnectionRegistry.SignIn"/>.</summary>
    public SocketCaller? Caller { get; set; }

    public CurrentUser? User => Caller?.User;

    /// <summary>When to look whether the session is still alive: it cannot have expired before.</summary>
    public required DateTimeOffset SessionCheckAt
    {
        get => new(Volatile.Read(ref _sessionCheckAt), TimeSpan.Zero);
        set => Volatile.Write(ref _sessionCheckAt, value.UtcTicks);
    }

    /// <summary>Where it stands in the registry, which alone sets it.</summary>
    public int Slot { get; set; }

    /// <summary>What this side closed it with; null while it has not.</summary>
    public CloseCode? ClosedWith { get; private set; }

    private bool IsClosing => Volatile.Read(ref _closing) != 0;

    /// <summary>Reads until the connection has ended.</summary>
    /// <param name="dispatcher">Takes each text frame.</param>
    public async Task ReadAsync(FrameDispatcher dispatcher)
    {
        try
        {
            try
            {
                await ReadFramesAsync(dispatcher);
            }
            catch (WebSocketViolationException violation)
            {
                Close(violation.Code);
                await DiscardAsync();
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or BadHttpRequestException)
        {
            // The peer, or the clock, has cut the connection.
        }
    }

    public void Answer(FrameId id, ChatError error)
    {
        _metrics.Refused(error.Code);
        Answer(new ErrorFrame(id, error));
    }

    public void Answer<TFrame>(TFrame answer)
        where TFrame : IServerFrame => Outbound.Answer(AnswerFrame.Write(answer));

    /// <summary>Answers a stored message. It goes out with the next <see cref="Outbound.Flush"/>.</summary>
    public void Acknowledge(FrameId id, in StoredEntry stored) =>
        Outbound.Hold(AnswerFrame.Write(new AckFrame(id, stored)));

    /// <summary>Says why, and closes. Only the first reason counts.</summary>
    /// <param name="reconnectAfter">When the client should come back, where the server knows.</param>
    public void Close(CloseCode code, TimeSpan? reconnectAfter = null)
    {
        if (Interlocked.Exchange(ref _closing, 1) != 0)
            return;
        ClosedWith = code;
        Volatile.Write(ref _closedAt, _clock.GetTimestamp());
        CheckSoon();
        Log.Closing(_logger, User?.Id, code.Number, code.Reason);
        Outbound.Finish([.. AnswerFrame.Write(new ClosingFrame(code, reconnectAfter)), .. CloseFrame(code)]);
    }

    /// <summary>What the clock asks of a connection: pings, and an end to what takes too long.</summary>
    /// <returns>How long there is nothing to ask, unless it asks to be looked at sooner.</returns>
    public TimeSpan Tick()
    {
        if (IsClosing)
        {
            var grace = CloseGrace - _clock.GetElapsedTime(Volatile.Read(ref _closedAt));
            if (grace < TimeSpan.Zero)
                Abort();
            return grace;
        }

        var rest = TimeSpan.MaxValue;
        if (User is null)
            Allow(_limits.AuthTime, _clock.GetElapsedTime(_openedAt), CloseCode.TokenNotValid, ref rest);
        Allow(_limits.WriteStall, Outbound.Stalled, CloseCode.SlowConsumer, ref rest);
        Allow(_limits.MessageTime, _reader.Unfinished, CloseCode.Policy, ref rest);
        if (rest < TimeSpan.Zero)
            return CloseGrace;
        var alive = CheckAlive();
        return alive < rest ? alive : rest;
    }

    /// <summary>Whether a command may be taken now; where not, it has been answered.</summary>
    public bool TryTakeCommand(FrameId id)
    {
        if (_flood.TryTake(out var wait))
            return true;
        NoteExcess();
        Answer(id, TokenBucket.Refusal("Too many frames on this connection", wait));
        return false;
    }

    /// <summary>Whether one more signal may be passed on now.</summary>
    /// <param name="wait">When not: how long until one may.</param>
    public bool TryTakeSignal(out TimeSpan wait) =>
        _signals.TryTake(1, _limits.SignalsPerConnection, burst: 2 * _limits.SignalsPerConnection, _clock, out wait);

    /// <summary>Cuts it, without a word.</summary>
    public void Abort() => _socket.Abort();

    public void Dispose() => _reader.Dispose();

    private async Task ReadFramesAsync(FrameDispatcher dispatcher)
    {
        for (var frames = 1; ; frames++)
        {
            Incoming incoming;
            while (!_reader.TryRead(out incoming))
            {
                AnswerPing();
                if (!await _reader.FillAsync())
                    return;
                frames = 1;
            }

            if (frames % FramesPerYield == 0)
                await Task.Yield();

            switch (incoming.Opcode)
            {
                case WebSocketFrame.Text:
                    AnswerPing();
                    if (!IsClosing)
                        await dispatcher.DispatchAsync(this, incoming.Payload);
                    break;
                case WebSocketFrame.Ping:
                    _pong = WebSocketFrame.Encode(WebSocketFrame.Pong, incoming.Payload.Span);
                    break;
                case WebSocketFrame.Close:
                    await AnswerCloseAsync(incoming.Payload);
                    return;
            }
        }
    }

    /// <summary>
    /// Answers the newest of the pings that came since it was called last; the others need no answer (RFC 6455, section 5.5.3).
    /// </summary>
    private void AnswerPing()
    {
        if (_pong is not { } pong)
            return;
        _pong = null;
        Outbound.Answer(pong);
    }

    /// <summary>
    /// The peer closes, or answers our close. Either way both have said so, and the connection may end once that is written.
    /// </summary>
    private Task AnswerCloseAsync(ReadOnlyMemory<byte> payload)
    {
        if (Interlocked.Exchange(ref _closing, 1) == 0)
        {
            Volatile.Write(ref _closedAt, _clock.GetTimestamp());
            CheckSoon();
            Outbound.Finish(WebSocketFrame.Encode(WebSocketFrame.Close, payload.Span[..Math.Min(payload.Length, 2)]));
        }

        return Outbound.Finished;
    }

    /// <summary>
    /// Reads on without looking, until the peer has seen our close: closing at once would reset the connection before it does.
    /// </summary>
    private async Task DiscardAsync()
    {
        await Outbound.Finished;
        await _reader.DiscardAsync();
    }

    /// <summary>Closes when something takes longer than it may.</summary>
    /// <param name="limit">What it may take.</param>
    /// <param name="rest">The least that was left of any limit so far.</param>
    private void Allow(TimeSpan limit, TimeSpan taken, CloseCode code, ref TimeSpan rest)
    {
        if (taken > limit)
            Close(code);
        if (limit - taken < rest)
            rest = limit - taken;
    }

    /// <returns>When to look again.</returns>
    private TimeSpan CheckAlive()
    {
        var silence = _reader.Silence;
        var rest = _liveness.Look(silence, out var ping);
        if (ping)
            Outbound.Answer(Ping);
        if (rest < TimeSpan.Zero)
        {
            Log.Dead(_logger, User?.Id, silence);
            Abort();
        }

        return rest;
    }

    /// <summary><see cref="Tick"/> has something to watch sooner than it said.</summary>
    private void CheckSoon() => _registry.CheckSoon(this);

    private void Fail(CloseCode code, Exception? cause)
    {
        if (cause is not null)
            Log.Failed(_logger, User?.Id, cause);
        Close(code);
    }

    private void NoteExcess()
    {
        if (_flood.NoteExcess())
            Close(CloseCode.Flood);
    }

    private static byte[] CloseFrame(CloseCode code)
    {
        var payload = new byte[2 + Encoding.UTF8.GetByteCount(code.Reason)];
        BinaryPrimitives.WriteUInt16BigEndian(payload, code.Number);
        Encoding.UTF8.GetBytes(code.Reason, payload.AsSpan(2));
        return WebSocketFrame.Encode(WebSocketFrame.Close, payload);
    }

    private static partial class Log
    {
        [LoggerMessage(4000, LogLevel.Debug, "Closing a socket of user {UserId}: {Code} {Reason}")]
        public static partial void Closing(ILogger logger, long? userId, ushort code, string reason);

        [LoggerMessage(4002, LogLevel.Error, "A socket of user {UserId} cannot be written from the log")]
        public static partial void Failed(ILogger logger, long? userId, Exception cause);

        [LoggerMessage(4001, LogLevel.Debug, "A socket of user {UserId} is dead: silent for {Silence}")]
        public static partial void Dead(ILogger logger, long? userId, TimeSpan silence);
    }
}
