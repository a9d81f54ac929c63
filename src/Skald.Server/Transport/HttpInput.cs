using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Skald.Server.Transport;

/// <summary>
/// The pipe from which Kestrel reads a connection. It reads nothing ahead of what Kestrel asks for, and when Kestrel completes it the
/// socket stays open.
/// </summary>
internal sealed class HttpInput(PlainSocket socket, TimeProvider clock) : PipeReader
{
    private readonly PipeReader _inner = Create(
        new SocketStream(socket), new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));

    private long _lastReadAt = clock.GetTimestamp();

    /// <summary>Timestamp of the last bytes from the peer; of the connection's start, until there are any.</summary>
    public long LastReadAt => Volatile.Read(ref _lastReadAt);

    public override bool TryRead(out ReadResult result) => _inner.TryRead(out result);

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var read = await _inner.ReadAsync(cancellationToken);
            Volatile.Write(ref _lastReadAt, clock.GetTimestamp());
            return read;
        }
        catch (IOException e)
        {
            // By this type Kestrel knows a client that went away.
            throw new ConnectionResetException(e.Message, e);
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => _inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => _inner.CancelPendingRead();

    /// <remarks>Does nothing: what Kestrel has not consumed belongs to the WebSocket that may follow. See <see cref="End"/>.</remarks>
    public override void Complete(Exception? exception = null)
    {
    }

    /// <summary>Completes the pipe once HTTP is over.</summary>
    /// <returns>The bytes that were read from the socket and that Kestrel has not consumed.</returns>
    public byte[] End()
    {
        byte[] unread = [];
        if (_inner.TryRead(out var rest))
        {
            unread = rest.Buffer.ToArray();
            _inner.AdvanceTo(rest.Buffer.End);
        }

        _inner.Complete();
        return unread;
    }
}
