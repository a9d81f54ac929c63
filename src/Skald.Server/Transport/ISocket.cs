namespace Skald.Server.Transport;

/// <summary>The bytes of one connection, both ways, once it has become a WebSocket.</summary>
internal interface ISocket : ISocketWriter
{
    /// <summary>Reads what the peer has sent, or waits for it. With an empty buffer it only waits: for that, and for its turn.</summary>
    /// <remarks>What goes on after it may be on a thread that reads for many: it must not block.</remarks>
    /// <returns>Bytes read; 0 when the peer has closed its side, and with an empty buffer.</returns>
    /// <exception cref="IOException">The connection is gone.</exception>
    ValueTask<int> ReadAsync(Memory<byte> buffer);

    /// <summary>Cuts the connection, without a word.</summary>
    void Abort();
}
