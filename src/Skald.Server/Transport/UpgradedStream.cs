namespace Skald.Server.Transport;

/// <summary>
/// A WebSocket within its request, over Kestrel's stream: the way where TLS or HTTP/2 stand before the plain socket, or it is switched
/// off.
/// </summary>
/// <remarks>
/// Over HTTP/2 the request is one of many on its connection: <paramref name="abort"/> resets its stream, and the others go on.
/// </remarks>
internal sealed class UpgradedStream(Stream stream, Action abort) : ISocket
{
    public ValueTask<int> ReadAsync(Memory<byte> buffer) => stream.ReadAsync(buffer);

    /// <remarks>A stream cannot say what it takes without waiting.</remarks>
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
