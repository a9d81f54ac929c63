using System.Buffers;
using System.IO.Pipelines;

namespace Skald.Server.Transport;

/// <summary>The pipe into which Kestrel writes the responses of a connection; the scheduler it is given sends them.</summary>
internal sealed class HttpOutput
{
    /// <summary>
    /// Bytes that may wait for the peer. Beyond them Kestrel's flush waits, and Kestrel enforces its minimum response data rate.
    /// </summary>
    private const int PauseWriterThreshold = 64 * 1024;

    private readonly Pipe _pipe;
    private readonly Task _sending;

    /// <param name="pool">Holds what is written until it is sent.</param>
    /// <param name="scheduler">Runs the sending.</param>
    public HttpOutput(PlainSocket socket, MemoryPool<byte> pool, BatchingScheduler scheduler)
    {
        _pipe = new Pipe(new PipeOptions(
            pool,
            readerScheduler: scheduler,
            pauseWriterThreshold: PauseWriterThreshold,
            resumeWriterThreshold: PauseWriterThreshold / 2,
            minimumSegmentSize: pool.MaxBufferSize,
            useSynchronizationContext: false));
        _sending = SendAsync(socket);
    }

    public PipeWriter Writer => _pipe.Writer;

    /// <summary>Completes the pipe.</summary>
    /// <returns>Completes when the kernel has taken everything, or the connection is gone.</returns>
    public Task EndAsync()
    {
        _pipe.Writer.Complete();
        return _sending;
    }

    private async Task SendAsync(PlainSocket socket)
    {
        try
        {
            while (true)
            {
                var written = await _pipe.Reader.ReadAsync();
                if (!written.Buffer.IsEmpty)   // empty once Kestrel has completed the pipe
                    await socket.WriteAsync(written.Buffer);
                _pipe.Reader.AdvanceTo(written.Buffer.End);
                if (written.IsCompleted)
                    break;
            }
        }
        catch (IOException)
        {
            // The peer is gone, which is no fault of ours. Kestrel sees it at its next flush, which completes.
        }
        finally
        {
            await _pipe.Reader.CompleteAsync();
        }
    }
}
