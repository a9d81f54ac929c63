namespace Skald.Server.Transport;

/// <summary>The sending side of one connection. All bytes of a connection go through one writer, or frames would interleave.</summary>
internal interface ISocketWriter
{
    /// <summary>Writes what the send buffer takes without waiting.</summary>
    /// <returns>Bytes taken, from 0.</returns>
    /// <exception cref="IOException">The connection is gone.</exception>
    int TryWrite(ReadOnlySpan<byte> bytes);

    /// <summary>A hint that <see cref="TryWrite"/> follows soon: the processor may fetch the objects that it uses meanwhile.</summary>
    void Prefetch()
    {
    }

    /// <summary>Waits until the send buffer has room, and writes what it takes.</summary>
    /// <returns>Bytes taken, from 1.</returns>
    /// <exception cref="IOException">The connection is gone.</exception>
    ValueTask<int> WriteAsync(ReadOnlyMemory<byte> bytes);
}
