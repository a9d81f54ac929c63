using System.IO.Pipelines;

namespace Skald.Server.Connections;

/// <summary>A connection's pipes, as HTTP sees them: it cannot end them when the connection is to be kept.</summary>
/// <param name="inner">The connection's own.</param>
/// <param name="keep">Asked when HTTP ends one of them.</param>
internal sealed class KeptTransport(IDuplexPipe inner, Func<bool> keep) : IDuplexPipe
{
    public PipeReader Input { get; } = new Reader(inner.Input, keep);

    public PipeWriter Output { get; } = new Writer(inner.Output, keep);

    private sealed class Reader(PipeReader inner, Func<bool> keep) : PipeReader
    {
        public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);

        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null)
        {
            if (!keep())
                inner.Complete(exception);
        }
    }

    private sealed class Writer(PipeWriter inner, Func<bool> keep) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
            inner.WriteAsync(source, cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null)
        {
            if (!keep())
                inner.Complete(exception);
        }
    }
}
