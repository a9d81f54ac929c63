namespace Skald.Server.Transport;

/// <summary>
/// A WebSocket over Kestrel's stream, whose request stays open for it: used behind TLS and HTTP/2, and where the direct socket is off
/// (<c>Connections:DirectSocket</c>).
/// </summary>
/// <remarks>
/// Over HTTP/2 the request is one of many on its connection: <paramref name="abort"/> resets its stream, and the others go on.
/// </remarks>
internal sealed class UpgradedStream(Stream stream, Action abort) : ISocket
{
    public ValueTask<int> ReadAsync(Memory<byte> buffer) => stream.ReadAsync(buffer);

    /// <remarks>Always 0: a stream has no write that never waits.</remarks>
    public int TryWrite(ReadOnlySpan<byte> bytes) => 0;

    public async ValueTask<int> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await stream.WriteAsync(bytes);
            await stream.FlushAsync();
            return bytes.Length;
        }
        catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            throw new IOException("The connection is closed.", e);
        }
    }

    public void Abort() => abort();
}
