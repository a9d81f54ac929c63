using System.Buffers;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Skald.Server.Http;
using Skald.Server.Transport;
using Skald.Tests.Harness;

namespace Skald.Tests.Transport;

/// <summary>The part of a connection's life that speaks HTTP, and its end.</summary>
public sealed class SocketConnectionTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly CapturedLog _log = new();
    private readonly EventLoop _loop = new("sockets of a test");
    private readonly Socket _client;
    private readonly SocketConnection _connection;

    public SocketConnectionTests()
    {
        (_client, var accepted) = SmallSockets.Connect();
        var socket = new PlainSocket(accepted, _loop, closed: () => { });
        _connection = new SocketConnection(
            "1",
            socket,
            new SmallBlocks(),
            new BatchingScheduler(),
            new ConnectionsByAddress(Options.Create(new TransportLimits()), Options.Create(new ProxyOptions())),
            _clock,
            _log.CreateLogger(nameof(SocketConnection)));
    }

    [Fact]
    public async Task Everything_that_was_written_reaches_a_client_that_reads_after_HTTP_has_ended()
    {
        var answer = await WriteAsync(60_000);
        var ended = _connection.DisposeAsync().AsTask();

        Assert.Equal(answer, await ReadToEndAsync());
        await ended.Within();
    }

    [Fact]
    public async Task Client_that_does_not_take_the_last_bytes_is_cut_off_in_time()
    {
        await WriteAsync(60_000);
        var ended = _connection.DisposeAsync().AsTask();
        Assert.False(ended.IsCompleted, "The system takes more than this test sends.");

        await Deadline.UntilAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return ended.IsCompleted;
            },
            "The connection ends.");
        await Assert.ThrowsAsync<SocketException>(ReadToEndAsync);
    }

    [Fact]
    public async Task Writer_waits_for_a_client_that_does_not_read_and_learns_that_it_is_cut_off()
    {
        var written = _connection.Transport.Output.WriteAsync(new byte[1_000_000]).AsTask();
        Assert.False(written.IsCompleted, "Nothing bounds what waits for a client.");

        _connection.Abort(new("The test is over."));

        Assert.True((await written.Within()).IsCompleted);
    }

    /// <summary>Nothing catches what is thrown on a thread of the pool: it would end the process, and this test run with it.</summary>
    [Fact]
    public async Task Listener_for_its_end_that_throws_is_logged_and_ends_nothing_else()
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connection.ConnectionClosed.Register(heard.SetResult);
        _connection.ConnectionClosed.Register(() => throw new InvalidOperationException("A listener of a test."));

        _connection.Abort(new("The test is over."));

        await heard.Task.Within();
        await Deadline.UntilAsync(
            () => _log.Lines.Any(line => line.Contains("A listener of a test.", StringComparison.Ordinal)),
            "the failure is logged");
        await _connection.DisposeAsync();
    }

    /// <summary>Kestrel does so with a connection that it has refused.</summary>
    [Fact]
    public async Task Connection_may_be_disposed_of_twice()
    {
        await _connection.DisposeAsync();

        await _connection.DisposeAsync();
    }

    public void Dispose()
    {
        _connection.Abort(new("The test is over."));
        _client.Dispose();
        _loop.Dispose();
    }

    private async Task<byte[]> WriteAsync(int count)
    {
        var answer = Enumerable.Range(0, count).Select(i => (byte)i).ToArray();
        await _connection.Transport.Output.WriteAsync(answer, Deadline.Token());
        return answer;
    }

    private async Task<byte[]> ReadToEndAsync()
    {
        var read = new ArrayBufferWriter<byte>();
        while (await _client.ReceiveAsync(read.GetMemory(4_096), Deadline.Token()) is > 0 and var count)
            read.Advance(count);
        return read.WrittenSpan.ToArray();
    }

    /// <summary>Blocks as small as Kestrel's, so that an answer is many.</summary>
    private sealed class SmallBlocks : MemoryPool<byte>
    {
        public override int MaxBufferSize => 4_096;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => Shared.Rent(MaxBufferSize);

        protected override void Dispose(bool disposing)
        {
        }
    }
}
