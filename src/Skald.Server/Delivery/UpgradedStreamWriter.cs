namespace Skald.Server.Delivery;

/// <summary>Writes to the upgraded connection's stream: the way where there is no plain socket (TLS), or it is switched off.</summary>
internal sealed class UpgradedStreamWriter(Stream stream) : ISocketWriter
{
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
}
