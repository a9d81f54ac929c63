using System.Net.Sockets;

namespace Skald.Server.Transport;

/// <summary>A socket as a stream that takes turns: a peer whose next bytes are there already waits behind the others.</summary>
/// <remarks>Else the thread that serves it would go on with it for as long as it is the faster of the two.</remarks>
internal sealed class SocketStream(Socket socket) : NetworkStream(socket, ownsSocket: false)
{
    /// <inheritdoc/>
    /// <remarks>An empty buffer waits for bytes without taking any. That is what everybody does here before reading, and where the turn ends.</remarks>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var reading = base.ReadAsync(buffer, cancellationToken);
        return buffer.IsEmpty && reading.IsCompletedSuccessfully ? WaitItsTurnAsync(reading) : reading;
    }

    private static async ValueTask<int> WaitItsTurnAsync(ValueTask<int> reading)
    {
        await Task.Yield();
        return await reading;
    }
}
