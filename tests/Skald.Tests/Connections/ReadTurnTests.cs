using Skald.Protocol;
using Skald.Server.Transport;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>The thread that reads for many is nobody's alone.</summary>
public sealed class ReadTurnTests(SharedServer shared) : IClassFixture<SharedServer>
{
    [Fact]
    public async Task Many_frames_that_came_at_once_do_not_keep_the_thread_until_the_last()
    {
        const int Pings = 500;
        byte[] sent = [.. Enumerable.Repeat(RawHttp.Frame(WebSocketFrame.Ping, []), Pings).SelectMany(frame => frame)];
        var socket = new CountingSocket();
        var turns = new Turns();
        using var connection = shared.Server.Services.NewConnection(socket, sent);

        var reading = turns.Begin(() => connection.ReadAsync(dispatcher: null!));

        Assert.False(reading.IsCompleted);
        Assert.InRange(turns.RunAll(), Pings / 100, Pings);
        await reading.Within();
        Assert.Equal(1, socket.Writes);   // of pings that came at once the newest is answered
    }

    /// <summary>Keeps what gives its thread back until the test lets it go on.</summary>
    private sealed class Turns : SynchronizationContext
    {
        private readonly Queue<Action> _waiting = [];

        public override void Post(SendOrPostCallback d, object? state) => _waiting.Enqueue(() => d(state));

        public Task Begin(Func<Task> work)
        {
            var outer = Current;
            SetSynchronizationContext(this);
            try
            {
                return work();
            }
            finally
            {
                SetSynchronizationContext(outer);
            }
        }

        /// <returns>How often the thread was given back.</returns>
        public int RunAll()
        {
            var turns = 0;
            for (; _waiting.TryDequeue(out var turn); turns++)
            {
                _ = Begin(() =>
                {
                    turn();
                    return Task.CompletedTask;
                });
            }

            return turns;
        }
    }

    /// <summary>Takes everything and counts the writes; has nothing to read.</summary>
    private sealed class CountingSocket : ISocket
    {
        public int Writes { get; private set; }

        public int TryWrite(ReadOnlySpan<byte> bytes)
        {
            Writes++;
            return bytes.Length;
        }

        public ValueTask<int> WriteAsync(ReadOnlyMemory<byte> bytes) => throw new NotSupportedException("TryWrite takes everything.");

        public ValueTask<int> ReadAsync(Memory<byte> buffer) => new(0);

        public void Abort()
        {
        }
    }
}
