namespace Skald.Server.Transport;

/// <summary>A WebSocket within its request, over the web server's stream: the way where something stands before the plain socket (TLS), or it is switched off.</summary>
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
