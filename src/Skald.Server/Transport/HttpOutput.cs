using System.Buffers;
using System.IO.Pipelines;

namespace Skald.Server.Transport;

/// <summary>What HTTP writes to a connection: gathered here, and sent when its turn comes.</summary>
internal sealed class HttpOutput
{
    /// <summary>
    /// Bytes that may wait for the peer. Beyond them a flush waits too, and the web server watches how fast the peer takes them.
    /// </summary>
    private const int MostWaiting = 64 * 1024;

    private readonly Pipe _pipe;
    private readonly Task _sending;

    /// <param name="pool">What holds it until then.</param>
    /// <param name="turns">When to send.</param>
    public HttpOutput(PlainSocket socket, MemoryPool<byte> pool, SendTurns turns)
    {
        _pipe = new Pipe(new PipeOptions(
            pool,
            readerScheduler: turns,
            pauseWriterThreshold: MostWaiting,
            resumeWriterThreshold: MostWaiting / 2,
            minimumSegmentSize: pool.MaxBufferSize,
            useSynchronizationContext: false));
        _sending = SendAsync(socket);
    }

    public PipeWriter Writer => _pipe.Writer;

    /// <summary>Ends it.</summary>
    /// <returns>Ends when the system has taken everything, or nobody is there to take it.</returns>
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
                if (!written.Buffer.IsEmpty)   // as it is at the end
                    await socket.WriteAsync(written.Buffer);
                _pipe.Reader.AdvanceTo(written.Buffer.End);
                if (written.IsCompleted)
                    break;
            }
        }
        catch (IOException)
        {
            // Nobody reads any more: no fault of whoever writes, who learns it by the next flush.
        }
        finally
        {
            await _pipe.Reader.CompleteAsync();
        }
    }
}
