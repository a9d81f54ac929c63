using System.IO.Pipelines;

namespace Skald.Server.Transport;

/// <summary>What HTTP writes to a connection: on its way when the flush has ended.</summary>
internal sealed class HttpOutput(Stream stream) : PipeWriter
{
    /// <summary>Most answers are one piece, and so one send(2).</summary>
    private const int Piece = 16 * 1024;

    private static readonly FlushResult Gone = new(isCanceled: false, isCompleted: true);

    private static readonly IOException NotFlushed = new("The output has ended.");

    private readonly PipeWriter _inner = Create(stream, new StreamPipeWriterOptions(minimumBufferSize: Piece, leaveOpen: true));

    public override bool CanGetUnflushedBytes => _inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => _inner.UnflushedBytes;

    public override Memory<byte> GetMemory(int sizeHint = 0) => _inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _inner.GetSpan(sizeHint);

    public override void Advance(int bytes) => _inner.Advance(bytes);

    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await _inner.FlushAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Nobody reads any more: no fault of whoever writes.
            return Gone;
        }
    }

    public override void CancelPendingFlush() => _inner.CancelPendingFlush();

    /// <remarks>What was not flushed is dropped: to write it here would be to wait for the peer.</remarks>
    public override void Complete(Exception? exception = null) => _inner.Complete(exception ?? NotFlushed);
}
