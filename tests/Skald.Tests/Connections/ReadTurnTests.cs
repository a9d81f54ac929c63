using Microsoft.Extensions.Logging.Abstractions;
using Skald.Protocol;
using Skald.Server.Connections;
using Skald.Server.Delivery;
using Skald.Server.Operations;
using Skald.Server.Transport;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>The thread that reads for many is nobody's alone.</summary>
public sealed class ReadTurnTests
{
    [Fact]
    public async Task Many_frames_that_came_at_once_do_not_keep_the_thread_until_the_last()
    {
        const int Pings = 500;
        byte[] sent = [.. Enumerable.Repeat(RawHttp.Frame(WebSocketFrame.Ping, []), Pings).SelectMany(frame => frame)];
        var socket = new CountingSocket();
        var limits = new Limits();
        using var connection = new Connection(
            socket, sent, new Outbound(socket, log: null!, limits, TimeProvider.System), onlyRoom: null, limits, TimeProvider.System,
            new ConnectionMetrics(new Telemetry()), NullLogger.Instance);

        var reading = connection.ReadAsync(dispatcher: null!);

        Assert.InRange(socket.WritesOf(Environment.CurrentManagedThreadId), 1, 100);
        await reading.Within();
        Assert.Equal(Pings, socket.Writes);
    }

    /// <summary>Takes everything, has nothing to read, and knows which thread wrote how often.</summary>
    private sealed class CountingSocket : ISocket
    {
        private readonly List<int> _writers = [];

        public int Writes
        {
            get
            {
                lock (_writers)
                    return _writers.Count;
            }
        }

        public int WritesOf(int thread)
        {
            lock (_writers)
                return _writers.Count(writer => writer == thread);
        }

        public int TryWrite(ReadOnlySpan<byte> bytes)
        {
            lock (_writers)
                _writers.Add(Environment.CurrentManagedThreadId);
            return bytes.Length;
        }

        public ValueTask<int> WriteAsync(ReadOnlyMemory<byte> bytes) => throw new NotSupportedException("TryWrite takes everything.");

        public ValueTask<int> ReadAsync(Memory<byte> buffer) => new(0);

        public void Abort()
        {
        }
    }
}
