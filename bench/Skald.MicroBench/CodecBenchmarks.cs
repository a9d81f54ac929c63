using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using Skald.Protocol;

namespace Skald.MicroBench;

/// <summary>A client's frame to a command, and a stored message to a frame.</summary>
[MemoryDiagnoser]
public class CodecBenchmarks
{
    private readonly byte[] _send = Encoding.UTF8.GetBytes(
        """{"type":"send","id":5,"room":"global","message":"Hello world, this is a message of 64 bytes, as people write","client_msg_id":"0b9f2c1e-7f3a-4c1b"}""");

    private readonly byte[] _text = Encoding.UTF8.GetBytes("Hello world, this is a message of 64 bytes, as people write them");
    private readonly ArrayBufferWriter<byte> _output = new(1024);
    private readonly FrameWriter _writer;

    public CodecBenchmarks() => _writer = new FrameWriter(_output);

    [Benchmark]
    public object? ReadSend() => ClientCommand.Read(_send, ProtocolLimits.Default, out _, out _);

    [Benchmark]
    public int WriteMessage()
    {
        _output.ResetWrittenCount();
        new ChatMessage
        {
            Room = "global",
            Seq = 42,
            Username = "ann"u8,
            Text = _text,
            Timestamp = new Timestamp(1_790_000_000_000_000),
        }.WriteTo(_writer);
        return _output.WrittenCount;
    }
}
