namespace Skald.Server.Transport;

/// <summary>The way out of one connection. All bytes of a connection take the same way, or frames would interleave.</summary>
internal interface ISocketWriter
{
    /// <summary>Writes what can be written without waiting.</summary>
    /// <returns>Bytes taken, from 0.</returns>
    /// <exception cref="IOException">The connection is gone.</exception>
    int TryWrite(ReadOnlySpan<byte> bytes);

    /// <summary>A hint that <see cref="TryWrite"/> follows soon: what it needs may be fetched from memory meanwhile.</summary>
    void Prefetch()
    {
    }

    /// <summary>Waits until something can be written, and writes it.</summary>
    /// <returns>Bytes taken, from 1.</returns>
    /// <exception cref="IOException">The connection is gone.</exception>
    ValueTask<int> WriteAsync(ReadOnlyMemory<byte> bytes);
}
