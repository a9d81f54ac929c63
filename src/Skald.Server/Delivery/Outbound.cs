using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Transport;

namespace Skald.Server.Delivery;

/// <summary>Socket out: everything that one connection is sent, from as many rooms as it is in.</summary>
/// <remarks>
/// While the socket takes what comes, a batch is one write on the delivery thread. What it does not take is written later
/// by a loop of this connection's own, which goes on from the cursors: what waits is a number for each room, not a queue.
/// Only answers (acks, errors) are queued, in a buffer with a bound. Exactly one of the two writes at any time.
/// </remarks>
/// <param name="failed">
/// Called when something is wrong with this reader: it is too slow, its place is lost, the log cannot be read (then with why).
/// </param>
/// <param name="stuck">Called when the socket takes nothing: <see cref="Stalled"/> counts from now.</param>
internal sealed class Outbound(
    ISocketWriter socket, RoomLog log, DeliveryLimits limits, TimeProvider clock, Action<CloseCode, Exception?> failed, Action stuck)
{
    /// <summary>Milliseconds between two attempts to read the log while too many read it.</summary>
    private const int LeastWait = 50, MostWait = 250;

    private readonly Lock _gate = new();
    private TaskCompletionSource? _whenFinished;   // created on demand
    private AnswerQueue _answers = new(limits.AnswerBytesBehind);
    private JoinedRooms _rooms = new();
    private ReadOnlyMemory<byte> _rest;   // of a frame whose beginning the socket has taken
    private bool _looping;                // while it is set, only the loop writes
    private bool _closing;                // the close frame is queued: nothing may follow it
    private bool _broken;                 // the socket is gone
    private bool _finished;
    private long _waitingSince;           // of the write under way; 0 while there is none

    /// <summary>Done when the close frame was written, or cannot be.</summary>
    public Task Finished
    {
        get
        {
            lock (_gate)
                return _finished ? Task.CompletedTask : (_whenFinished ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>The rooms this connection is in. Only its read loop changes them.</summary>
    public IReadOnlyList<Subscription> Subscriptions => _rooms.All;

    /// <returns>Its subscription to a room; null where it is not in it. To be asked by its read loop.</returns>
    public Subscription? Find(string room) => _rooms.Find(room);

    /// <summary>How long the socket has taken nothing of what it was given.</summary>
    public TimeSpan Stalled => Volatile.Read(ref _waitingSince) is var since and not 0 ? clock.GetElapsedTime(since) : TimeSpan.Zero;

    /// <inheritdoc cref="ISocketWriter.Prefetch"/>
    public void Prefetch() => socket.Prefetch();

    /// <summary>Starts a subscription's flow: everything after its cursor, then what comes.</summary>
    public void Start(Subscription subscription)
    {
        Next next;
        lock (_gate)
        {
            // Listed even when it is too late for it, so that it is unregistered with the others.
            _rooms.Add(subscription);
            if (_closing || _broken)
                return;
            subscription.Active = true;
            next = BeginLoop();
        }

        Do(next);
    }

    public void Stop(Subscription subscription)
    {
        lock (_gate)
        {
            subscription.Active = false;
            _rooms.Remove(subscription);
        }
    }

    /// <summary>A new batch of a room: written now if this reader is at the head and its socket is free, else its cursor waits.</summary>
    /// <remarks>On the delivery thread: it waits for nothing.</remarks>
    public void Offer(Subscription subscription, EncodedBatch batch)
    {
        var next = Next.Nothing;
        lock (_gate)
        {
            if (!subscription.Active || _closing || _broken)
                return;
            if (_looping)
            {
                if (subscription.IsTooFarBehind(limits.MessagesBehind, limits.BytesBehind))
                    next = Next.TooSlow;
            }
            // Where somebody's reading ends the loop goes on: it tells them.
            else if (subscription.Cursor == batch.First - 1 && batch.Exits.Length == 0)
            {
                subscription.MoveTo(batch.End);
                next = WriteOrBegin(batch.Frames(subscription.Dialect));
            }
            else
            {
                next = BeginLoop();
            }
        }

        Do(next);
    }

    /// <summary>A signal in a room: written now if the socket is free, else this reader never gets it.</summary>
    /// <remarks>
    /// It waits for nothing, and nothing waits for it but the rest of its own frame where the socket takes a part. While the socket is
    /// free, the reader is at the head, or is about to be offered what has just come.
    /// </remarks>
    /// <param name="frame">A whole WebSocket frame, which nobody changes any more.</param>
    public void OfferSignal(Subscription subscription, ReadOnlyMemory<byte> frame)
    {
        Next next;
        lock (_gate)
        {
            if (!subscription.Active || _looping || _closing || _broken)
                return;
            next = WriteOrBegin(frame);
        }

        Do(next);
    }

    /// <summary>An answer to this connection's client: an ack, an error, a pong.</summary>
    /// <param name="frame">A whole WebSocket frame; copied where it has to wait.</param>
    public void Answer(ReadOnlySpan<byte> frame)
    {
        Next next;
        lock (_gate)
        {
            if (_closing || _broken)
                return;
            if (_looping || !_answers.IsEmpty)
            {
                next = _answers.TryAdd(frame) ? BeginLoop() : Next.TooSlow;
            }
            else
            {
                // Nothing waits before it: it goes straight out. What does not fit must follow whatever its length, or the frame would
                // be torn.
                _rest = WriteNow(frame).ToArray();
                next = _rest.IsEmpty ? Next.Nothing : BeginLoop();
            }
        }

        Do(next);
    }

    /// <summary>As <see cref="Answer"/>, but the frame may wait for others, and go out with them at the next <see cref="Flush"/>.</summary>
    public void Hold(ReadOnlySpan<byte> frame)
    {
        bool held;
        lock (_gate)
        {
            if (_closing || _broken)
                return;
            held = _answers.TryAdd(frame);
        }

        if (!held)
        {
            // More than may wait: if the socket takes what was held, that is no fault of the reader's.
            Flush();
            Answer(frame);
        }
    }

    /// <summary>Writes what was held.</summary>
    public void Flush()
    {
        Next next;
        lock (_gate)
        {
            if (_looping || _broken || _answers.IsEmpty)
                return;
            next = WriteOrBegin(_answers.TakeAll());
        }

        Do(next);
    }

    /// <summary>The last frames of this connection. What waits in its rooms stays in the log.</summary>
    public void Finish(ReadOnlySpan<byte> frames)
    {
        Next next;
        lock (_gate)
        {
            if (_closing || _broken)
                return;
            _answers.Add(frames);
            _closing = true;
            next = BeginLoop();
        }

        Do(next);
    }

    /// <returns>The loop, unless it runs already or there is no socket to write to.</returns>
    private Next BeginLoop()
    {
        if (_looping || _broken)
            return Next.Nothing;
        _looping = true;
        return Next.Loop;
    }

    /// <summary>Does what was found out under the lock, after it: both call others, and the loop writes at once.</summary>
    private void Do(Next next)
    {
        switch (next)
        {
            case Next.Loop:
                _ = LoopAsync();
                break;
            case Next.TooSlow:
                failed(CloseCode.SlowConsumer, null);
                break;
        }
    }

    /// <summary>Writes what the socket takes now. The rest is the loop's.</summary>
    /// <returns>As <see cref="BeginLoop"/>.</returns>
    private Next WriteOrBegin(ReadOnlyMemory<byte> bytes)
    {
        _rest = bytes[^WriteNow(bytes.Span).Length..];
        return _rest.IsEmpty ? Next.Nothing : BeginLoop();
    }

    /// <returns>What the socket did not take.</returns>
    private ReadOnlySpan<byte> WriteNow(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return bytes[socket.TryWrite(bytes)..];
        }
        catch (IOException)
        {
            Break();
            return default;
        }
    }

    private void Break()
    {
        _broken = true;
        _rest = default;
        NoteFinished();
    }

    private void NoteFinished()
    {
        _finished = true;
        _whenFinished?.TrySetResult();
    }

    /// <summary>Writes what waits until nothing does.</summary>
    private async Task LoopAsync()
    {
        try
        {
            while (await TakeAsync() is { IsEmpty: false } bytes)
                await WriteAsync(bytes);
        }
        catch (IOException)
        {
            lock (_gate)
                Break();
        }
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        var written = socket.TryWrite(bytes.Span);
        while (written < bytes.Length)
        {
            var first = _waitingSince == 0;
            Volatile.Write(ref _waitingSince, clock.GetTimestamp());
            if (first)
                stuck();
            bytes = bytes[written..];
            written = await socket.WriteAsync(bytes);
        }

        Volatile.Write(ref _waitingSince, 0);
    }

    /// <returns>What to write next; empty when nothing waits, and the loop has ended.</returns>
    private async ValueTask<ReadOnlyMemory<byte>> TakeAsync()
    {
        while (true)
        {
            Subscription? far;
            long cursor;
            lock (_gate)
            {
                if (TryTake(out var bytes, out far))
                    return bytes;
                if (far is null)
                {
                    _looping = false;
                    if (_closing)
                        NoteFinished();
                    return default;
                }

                if (far.IsAtExit)
                {
                    far.Active = false;
                    if (far.Dialect == Dialect.Signals)
                        return far.Exit!.Left;
                }

                cursor = far.Cursor;
            }

            if (far.IsAtExit)
            {
                // A socket of one room has nothing left to do.
                failed(CloseCode.Forbidden, null);
                continue;
            }

            EncodedBatch? page = null;
            Exception? failure = null;
            try
            {
                page = await LogPage.ReadAsync(log, far.Room, cursor);
            }
            catch (StorageException e) when (e.Error.Code == ErrorCode.Overloaded)
            {
                // Too many read at once. What waits here is a cursor; others that wait come back at other moments.
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(LeastWait, MostWait)), clock);
                continue;
            }
            catch (Exception e)
            {
                failure = e;
            }

            lock (_gate)
            {
                if (!far.Active || far.Cursor != cursor)
                    continue;
                if (page?.First == cursor + 1)
                {
                    page = far.UpToExit(page);
                    far.MoveTo(page.Last, page.Length);
                    if (page.Frames(far.Dialect) is { IsEmpty: false } frames)
                        return frames;
                    continue;
                }

                far.Active = false;
            }

            // The loop goes on, since it has to write the close frame.
            failed(failure is null ? CloseCode.PositionLost : CloseCode.ServerError, failure);
        }
    }

    /// <summary>First the rest of a frame, then the answers, then the rooms; of those nothing once it closes.</summary>
    /// <param name="far">Where there is nothing: a room whose cursor has fallen off the tail.</param>
    private bool TryTake(out ReadOnlyMemory<byte> bytes, out Subscription? far)
    {
        far = null;
        bytes = _rest;
        _rest = default;
        if (bytes.IsEmpty)
            bytes = _answers.TakeAll();
        if (bytes.IsEmpty && !_closing)
            bytes = _rooms.ReadNext(out far);
        return !bytes.IsEmpty;
    }

    /// <summary>What is to be done once the lock is left.</summary>
    private enum Next
    {
        Nothing,

        /// <summary>To run the loop, which is ours now.</summary>
        Loop,

        /// <summary>To say that this reader is too slow.</summary>
        TooSlow,
    }
}
