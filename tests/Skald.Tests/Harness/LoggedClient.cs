using System.Collections.Concurrent;
using System.Text.Json;

namespace Skald.Tests.Harness;

/// <summary>A client of the Skald socket that writes down all it does and sees, and comes back to where it was.</summary>
/// <remarks>Sends from one task at a time; what comes is read by a task of the connection's own.</remarks>
internal sealed class LoggedClient(ClientLog log) : IDisposable
{
    /// <summary>A reader waits as long as its connection lives: silence is no failure.</summary>
    private static readonly CancellationTokenSource Forever = new();

    /// <summary>Makes texts longer, and is no part of any.</summary>
    public const char Padding = 'é';

    private static readonly JsonSerializerOptions Unescaped =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ConcurrentDictionary<string, long> _cursors = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<long, Pending> _pending = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private RawWebSocket? _socket;
    private Task _reading = Task.CompletedTask;
    private TaskCompletionSource _ready = NewSignal();
    private volatile TaskCompletionSource _news = NewSignal();
    private int _connection;
    private long _id;
    private string? _epoch;

    public ClientLog Log => log;

    /// <summary>Before each frame it waits for this: a reader that is slow, as long as it is not done.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>The code of the server's close; 0 where the connection was only lost.</summary>
    public int ClosedWith { get; private set; }

    /// <summary>Done when the connection of this moment has ended.</summary>
    public Task Ended => _reading;

    /// <summary>The connection's own port: how a proxy tells it from others.</summary>
    public int Port { get; private set; }

    /// <summary>The last message it has of a room.</summary>
    public long Cursor(string room) => _cursors.GetValueOrDefault(room);

    /// <summary>Opens a connection; the one before has ended, or ends now.</summary>
    /// <param name="address">With a token.</param>
    /// <param name="receiveBuffer">Small for a client that is to be slow.</param>
    /// <exception cref="IOException">It was refused, or lost before it was ready.</exception>
    public async Task ConnectAsync(Uri address, int? receiveBuffer = null)
    {
        await CutAsync();
        (ClosedWith, _ready) = (0, NewSignal());
        _connection++;
        var socket = await RawWebSocket.OpenAsync(address, receiveBuffer);
        (_socket, Port) = (socket, socket.LocalEndPoint.Port);
        _reading = Task.Run(() => ReadAsync(socket, _connection));
        await _ready.Task.Within();
    }

    /// <summary>Joins a room at the place where it was, or from now on.</summary>
    public async Task JoinAsync(string room)
    {
        var since = _cursors.TryGetValue(room, out var cursor) ? cursor : (long?)null;
        await JoinAsync(room, since, since is null ? null : _epoch);
    }

    public async Task JoinAsync(string room, long? since, string? epoch = null)
    {
        var pending = new Pending(room, null, since, epoch);
        await CallAsync(pending, id => Frame(new { type = "join", id, room, since, epoch }));
        if (!await pending.Done.Task.Within())
            throw new IOException("The connection was lost before the join was answered.");
    }

    /// <summary>A negative control, the wrong way to come back: reads what it missed first, and joins later.</summary>
    public async Task ReadThenJoinAsync(string room, HttpClient http, string access)
    {
        var missed = await HistoryReader.ReadAsync(http, access, room, after: Cursor(room));
        foreach (var message in missed.Messages)
        {
            log.Add(new Received(_connection, room, message.Seq, message.Text));
            MoveTo(room, message.Seq);
        }

        await JoinAsync(room, since: null);
    }

    /// <summary>Sends a message whose name is its text.</summary>
    /// <returns>Whether it was answered: acked or refused. Else the connection is lost, and nobody knows.</returns>
    public async Task<bool> SendAsync(string room, string text, int padding = 0) =>
        await (await BeginSendAsync(room, text, padding)).Within();

    /// <summary>Sends a message, and does not wait for the answer.</summary>
    /// <param name="text">Also its <c>client_msg_id</c>: 8–64 letters, digits, hyphens.</param>
    /// <param name="padding">Letters of two bytes behind the text, which count for its length only.</param>
    public async Task<Task<bool>> BeginSendAsync(string room, string text, int padding = 0)
    {
        var pending = new Pending(room, text, null, null);
        log.Add(new Sent(_connection, room, text));
        try
        {
            await CallAsync(
                pending,
                id => Frame(new { type = "send", id, room, message = text + new string(Padding, padding), client_msg_id = text }));
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            pending.Done.TrySetResult(false);
        }

        return pending.Done.Task;
    }

    /// <summary>Waits until it has a message, or the connection ends.</summary>
    /// <remarks>It is told of news: hundreds that looked for themselves again and again would leave the server no time.</remarks>
    public async Task UntilAsync(string room, long seq)
    {
        var deadline = Deadline.Token();
        try
        {
            while (_news.Task is var news && Cursor(room) < seq && !_reading.IsCompleted)
                await Task.WhenAny(news, _reading).WaitAsync(deadline);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"{log.Name} waited for {room} {seq} and has {Cursor(room)}", e);
        }
    }

    /// <summary>It is in the room until the end: whatever it misses from here on is missed.</summary>
    public void Stay(string room) => log.Add(new Stays(_connection, room));

    /// <summary>Ends the connection with RST, and waits until that is noticed.</summary>
    public async Task CutAsync()
    {
        _socket?.Reset();
        await _reading.Within();
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _sending.Dispose();
    }

    private async Task CallAsync(Pending pending, Func<long, byte[]> frame)
    {
        var id = Interlocked.Increment(ref _id);
        _pending[id] = pending;
        if (_reading.IsCompleted)
        {
            Forget(id);
            return;
        }

        await _sending.WaitAsync();
        try
        {
            await _socket!.SendAsync(frame(id));
        }
        finally
        {
            _sending.Release();
        }

        // The reader may have ended, and forgotten what was pending, just before this was.
        if (_reading.IsCompleted)
            Forget(id);
    }

    private void Forget(long id)
    {
        if (_pending.TryRemove(id, out var pending))
            pending.Done.TrySetResult(false);
    }

    private async Task ReadAsync(RawWebSocket socket, int connection)
    {
        try
        {
            while (await socket.ReadAsync(Forever.Token) is { } frame)
            {
                await Gate;
                if (frame.Opcode == WireFrame.TextCode)
                    Take(JsonElement.Parse(frame.Payload), connection);
                else if (frame.Opcode == WireFrame.PingCode)
                    await PongAsync(socket, frame);
                else if (frame.Opcode == WireFrame.CloseCode)
                    break;
            }
        }
        catch (Exception e) when (
            e is IOException or OperationCanceledException or System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            // Lost: as good as closed.
        }

        log.Add(new Lost(connection));
        socket.Dispose();
        _ready.TrySetException(new IOException($"The connection was lost before it was ready; closed with {ClosedWith}."));
        foreach (var id in _pending.Keys)
            Forget(id);
    }

    private async Task PongAsync(RawWebSocket socket, WireFrame ping)
    {
        await _sending.WaitAsync();
        try
        {
            await socket.SendAsync(ping with { Opcode = WireFrame.PongCode, Mask = [1, 2, 3, 4] });
        }
        finally
        {
            _sending.Release();
        }
    }

    private void Take(JsonElement frame, int connection)
    {
        var pending = frame.TryGetProperty("re", out var re) && _pending.TryRemove(re.GetInt64(), out var known) ? known : null;
        switch (frame.GetProperty("type").GetString())
        {
            case "ready":
                _ready.TrySetResult();
                break;
            case "chat_message":
                var (room, seq) = (frame.GetProperty("room").GetString()!, frame.GetProperty("seq").GetInt64());
                log.Add(new Received(connection, room, seq, frame.GetProperty("message").GetString()!.TrimEnd(Padding)));
                MoveTo(room, seq);
                break;
            case "joined":
                var since = frame.GetProperty("since").GetInt64();
                _epoch = frame.GetProperty("epoch").GetString();
                log.Add(new Joined(
                    connection, pending!.Room, pending.Since, pending.Epoch, since, frame.GetProperty("complete").GetBoolean(),
                    frame.GetProperty("first_seq").GetInt64(), frame.GetProperty("epoch").GetString()!));
                MoveTo(pending.Room, since);
                break;
            case "ack":
                log.Add(new Acked(connection, pending!.Room, pending.Text!,
                    frame.GetProperty("seq").GetInt64(), frame.GetProperty("duplicate").GetBoolean()));
                break;
            case "error" when pending?.Text is { } text:
                log.Add(new Refused(connection, pending.Room, text, frame.GetProperty("code").GetString()!));
                break;
            case "closing":
                ClosedWith = frame.GetProperty("code").GetInt32();
                break;
        }

        pending?.Done.TrySetResult(true);
    }

    private void MoveTo(string room, long seq)
    {
        _cursors[room] = seq;
        Interlocked.Exchange(ref _news, NewSignal()).TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static byte[] Frame(object command) => WireFrame.OfText(JsonSerializer.SerializeToUtf8Bytes(command, Unescaped)).Encode();

    private sealed record Pending(string Room, string? Text, long? Since, string? Epoch)
    {
        public TaskCompletionSource<bool> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
