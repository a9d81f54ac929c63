using System.Buffers;
using Skald.Protocol;

namespace Skald.Tests.Protocol;

/// <summary>Frames that are written in place are what a header and a payload make, whatever header the payload needs.</summary>
public sealed class FrameBufferTests
{
    [Fact]
    public void Frames_of_every_header_lie_one_behind_the_other()
    {
        // Around 125 and 65,535 bytes of payload, where the header changes.
        int[] details = [0, .. Enumerable.Range(1, 150), .. Enumerable.Range(ushort.MaxValue - 150, 200), 1, 200_000, 1];
        using var buffer = new FrameBuffer(capacity: 16);
        var expected = new List<byte>();
        var headers = new HashSet<int>();
        foreach (var detail in details)
        {
            var frame = new ErrorFrame(default, new ChatError(ErrorCode.NotFound, new string('x', detail)));
            var payload = Payload(frame);
            headers.Add(WebSocketFrame.HeaderLength(payload.Length));
            expected.AddRange(WebSocketFrame.Encode(WebSocketFrame.Text, payload));

            buffer.Add(frame);

            Assert.Equal(expected.Count, buffer.Length);
        }

        Assert.Equal([2, 4, 10], headers.Order());
        Assert.True(buffer.Frames.SequenceEqual([.. expected]));
    }

    [Fact]
    public void Frame_that_fails_leaves_nothing_behind_once_the_buffer_is_cleared()
    {
        using var buffer = new FrameBuffer(capacity: 16);
        Assert.Throws<NullReferenceException>(() => buffer.Add(new ErrorFrame(default, Error: null!)));   // with its object open
        Assert.NotEqual(0, buffer.Length);
        buffer.Clear();

        buffer.Add(new PongFrame(default));

        Assert.True(buffer.Frames.SequenceEqual(WebSocketFrame.Encode(WebSocketFrame.Text, Payload(new PongFrame(default)))));
    }

    private static byte[] Payload<TFrame>(TFrame frame)
        where TFrame : IServerFrame
    {
        var json = new ArrayBufferWriter<byte>();
        using var writer = new FrameWriter(json);
        frame.WriteTo(writer);
        return json.WrittenSpan.ToArray();
    }
}
