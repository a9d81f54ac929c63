using System.Net.Sockets;
using Skald.Server.Transport;
using Skald.Tests.Harness;

namespace Skald.Tests.Transport;

/// <summary>What a socket is told by its event loop, and what its reader and its writer make of it.</summary>
public sealed class PlainSocketTests : IDisposable
{
    private readonly EventLoop _loop = new("sockets of a test");
    private readonly Socket _peer;
    private readonly PlainSocket _socket;
    private int _closed;

    public PlainSocketTests() => (_peer, _socket) = Connect(() => _closed++);

    [Fact]
    public async Task Reader_that_waits_goes_on_when_something_comes()
    {
        var reading = ReadAsync(100);
        Assert.False(reading.IsCompleted, "Nothing was sent.");

        _peer.Send("one"u8);

        Assert.Equal("one"u8.ToArray(), await reading.Within());
    }

    [Fact]
    public async Task WebSocket_goes_on_on_the_event_loop_and_HTTP_does_not()
    {
        Assert.NotEqual("sockets of a test", await ThreadAfterAWaitAsync());

        _socket.BeginWebSocket();

        Assert.Equal("sockets of a test", await ThreadAfterAWaitAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(1_000)]
    public async Task Everything_before_the_end_is_read_in_pieces_of_any_size(int size)
    {
        var sent = Enumerable.Range(0, 20).Select(i => (byte)i).ToArray();
        _peer.Send(sent);
        _peer.Shutdown(SocketShutdown.Send);

        var read = new List<byte>();
        while (await ReadAsync(size).Within() is { Length: > 0 } piece)
            read.AddRange(piece);

        Assert.Equal(sent, read);
        Assert.Empty(await ReadAsync(size).Within());
    }

    [Fact]
    public async Task Peer_that_is_faster_than_its_reader_does_not_keep_the_others_waiting()
    {
        var (other, otherSocket) = Connect(() => { });
        using var end = new CancellationTokenSource();
        _socket.BeginWebSocket();
        otherSocket.BeginWebSocket();
        var sending = Task.Run(() => SendOnAndOn(end.Token));
        var reading = ReadOnAndOnAsync();

        var read = ReadAsync(otherSocket, 100);
        other.Send("one"u8);

        Assert.Equal("one"u8.ToArray(), await read.Within());
        await Task.Yield();   // off the event loop
        await end.CancelAsync();
        await Task.WhenAll(sending, reading).Within();
        otherSocket.Abort();
        other.Dispose();

        void SendOnAndOn(CancellationToken end)
        {
            while (!end.IsCancellationRequested)
                _peer.Send(new byte[10_000]);
            _peer.Shutdown(SocketShutdown.Send);
        }

        async Task ReadOnAndOnAsync()
        {
            var buffer = new byte[1];
            do
            {
                await _socket.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
                if (end.IsCancellationRequested)
                    buffer = new byte[10_000];
            }
            while (await _socket.ReadAsync(buffer).ConfigureAwait(false) > 0);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public async Task Read_that_is_cancelled_ends_and_the_next_one_reads(int size)
    {
        using var cancellation = new CancellationTokenSource();
        var reading = _socket.ReadAsync(new byte[size], cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => reading.Within());
        await Assert.ThrowsAsync<OperationCanceledException>(() => _socket.ReadAsync(new byte[size], cancellation.Token).AsTask().Within());

        _peer.Send("one"u8);

        Assert.Equal("one"u8.ToArray(), await ReadAsync(100).Within());
    }

    /// <remarks>The system may tell of bytes that were read meanwhile.</remarks>
    [Fact]
    public async Task Read_is_cancelled_also_when_it_was_told_of_nothing()
    {
        using var cancellation = new CancellationTokenSource();
        var reading = _socket.ReadAsync(new byte[100], cancellation.Token).AsTask();

        for (var told = 0; told < 1_000; told++)
            _socket.OnEvents(EpollEvents.Readable);
        await cancellation.CancelAsync();

        await Assert.ThrowsAsync<OperationCanceledException>(() => reading.Within());
    }

    [Fact]
    public async Task Writer_waits_until_there_is_room_again()
    {
        var fitted = Fill();
        var writing = _socket.WriteAsync(new byte[1]).AsTask();
        Assert.False(writing.IsCompleted, "There is no room.");

        ReadFromPeer(fitted);

        Assert.Equal(1, await writing.Within());
    }

    [Fact]
    public async Task Peer_that_has_closed_its_side_can_still_be_written_to()
    {
        var fitted = Fill();
        _peer.Shutdown(SocketShutdown.Send);
        Assert.Empty(await ReadAsync(100).Within());
        var writing = _socket.WriteAsync(new byte[1]).AsTask();
        Assert.False(writing.IsCompleted, "There is no room.");

        ReadFromPeer(fitted);

        Assert.Equal(1, await writing.Within());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Socket_that_is_closed_ends_reader_and_writer(bool inOrder)
    {
        Fill();
        var reading = ReadAsync(100);
        var writing = _socket.WriteAsync(new byte[1]).AsTask();

        if (inOrder)
            _socket.Dispose();
        else
            _socket.Abort();

        await Assert.ThrowsAsync<IOException>(() => reading.Within());
        await Assert.ThrowsAsync<IOException>(() => writing.Within());
        await Assert.ThrowsAsync<IOException>(() => ReadAsync(100).Within());
        Assert.Throws<IOException>(() => _socket.TryWrite("late"u8));
        _socket.Dispose();
        Assert.Equal(1, _closed);
    }

    [Fact]
    public async Task Peer_that_resets_ends_reader_and_writer()
    {
        Fill();
        var reading = ReadAsync(100);
        var writing = _socket.WriteAsync(new byte[1]).AsTask();

        _peer.Close(timeout: 0);

        await Assert.ThrowsAsync<IOException>(() => writing.Within());
        // The system tells the reset once: to the reader, or to the writer before it.
        if (await Record.ExceptionAsync(() => reading.Within()) is not { } failure)
            Assert.Empty(await reading);
        else
            Assert.IsType<IOException>(failure);
    }

    [Fact]
    public async Task Event_loop_that_ends_closes_the_sockets_it_has()
    {
        var reading = ReadAsync(100);

        _loop.Dispose();

        await Assert.ThrowsAsync<IOException>(() => reading.Within());
        Assert.Equal(1, _closed);
    }

    /// <remarks>
    /// Each socket gets every message while others come, go, and are closed on this side in the middle of it: their descriptors are
    /// used again at once.
    /// </remarks>
    [Fact]
    public async Task Sockets_that_come_and_go_are_told_nothing_of_each_other()
    {
        var rounds = Enumerable.Range(0, 8).Select(lane => Task.Run(async () =>
        {
            for (var round = 0; round < 100; round++)
            {
                var closed = 0;
                var (peer, socket) = Connect(() => closed++);
                using (peer)
                {
                    socket.BeginWebSocket();
                    var reading = ReadAsync(socket, 100);
                    peer.Send([(byte)lane, (byte)round]);
                    Assert.Equal([(byte)lane, (byte)round], await reading.Within());
                    await Task.Yield();   // off the event loop
                    peer.Send([0]);   // may be on its way when the socket closes
                    socket.Abort();
                }

                Assert.Equal(1, closed);
            }
        }));

        await Task.WhenAll(rounds).Within();
    }

    public void Dispose()
    {
        _socket.Abort();
        _peer.Dispose();
        _loop.Dispose();
    }

    private (Socket Peer, PlainSocket Socket) Connect(Action closed)
    {
        var (peer, accepted) = SmallSockets.Connect();
        return (peer, new PlainSocket(accepted, _loop, closed));
    }

    private async Task<string?> ThreadAfterAWaitAsync()
    {
        var waited = AwaitAsync();
        _peer.Send("one"u8);
        var name = await waited.Within();
        await ReadAsync(100).Within();
        return name;

        async Task<string?> AwaitAsync()
        {
            await _socket.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
            return Thread.CurrentThread.Name;
        }
    }

    private Task<byte[]> ReadAsync(int most) => ReadAsync(_socket, most);

    private static async Task<byte[]> ReadAsync(PlainSocket socket, int most)
    {
        var buffer = new byte[most];
        return buffer[..await socket.ReadAsync(buffer)];
    }

    /// <returns>Bytes after which the socket takes no more.</returns>
    private int Fill()
    {
        var fitted = 0;
        while (_socket.TryWrite(new byte[1_000]) is > 0 and var taken)
            fitted += taken;
        return fitted;
    }

    private void ReadFromPeer(int count)
    {
        var buffer = new byte[count];
        while (count > 0)
            count -= _peer.Receive(buffer, count, SocketFlags.None);
    }
}
