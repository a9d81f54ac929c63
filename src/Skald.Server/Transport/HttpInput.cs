using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Skald.Server.Transport;

/// <summary>What HTTP reads of a connection: nothing ahead of what it asks for, and its end is not that of the connection.</summary>
internal sealed class HttpInput(PlainSocket socket, TimeProvider clock) : PipeReader
{
    private readonly PipeReader _inner = Create(
        new SocketStream(socket), new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));

    private long _heardAt = clock.GetTimestamp();

    /// <summary>When the peer sent something last; at first, when it came.</summary>
    public long HeardAt => Volatile.Read(ref _heardAt);

    public override bool TryRead(out ReadResult result) => _inner.TryRead(out result);

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var read = await _inner.ReadAsync(cancellationToken);
            Volatile.Write(ref _heardAt, clock.GetTimestamp());
            return read;
        }
        catch (IOException e)
        {
            // By this name the web server knows a client that went away.
            throw new ConnectionResetException(e.Message, e);
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => _inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => _inner.CancelPendingRead();

    /// <remarks>Not yet: what was not consumed belongs to who comes after HTTP, see <see cref="End"/>.</remarks>
    public override void Complete(Exception? exception = null)
    {
    }

    /// <summary>Ends it.</summary>
    /// <returns>What came and was not consumed.</returns>
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
