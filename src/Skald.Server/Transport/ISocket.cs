namespace Skald.Server.Transport;

/// <summary>The bytes of one connection, both ways, once it has become a WebSocket.</summary>
internal interface ISocket : ISocketWriter
{
    /// <summary>
    /// Reads what the peer has sent, or waits for it. A zero-byte read completes when there is data, after yielding to other sockets of
    /// the same event loop.
    /// </summary>
    /// <remarks>The continuation may run on an event loop, which serves many sockets: it must not block.</remarks>
    /// <returns>Bytes read; 0 when the peer has closed its side, and after a zero-byte read.</returns>
    /// <exception cref="IOException">The connection is gone.</exception>
    ValueTask<int> ReadAsync(Memory<byte> buffer);

    /// <summary>Resets the connection: the peer gets no close frame, and what it has not read yet is dropped.</summary>
    void Abort();
}
