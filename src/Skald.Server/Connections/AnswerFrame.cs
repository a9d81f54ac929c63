using System.Buffers;
using Skald.Protocol;

namespace Skald.Server.Connections;

/// <summary>Writes one answer as a WebSocket frame, into a buffer of the thread that is overwritten by the next.</summary>
internal static class AnswerFrame
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_buffer;

    [ThreadStatic]
    private static FrameWriter? t_writer;

    /// <returns>The frame, valid until the thread writes another.</returns>
    public static ReadOnlySpan<byte> Write<TFrame>(TFrame answer)
        where TFrame : IServerFrame
    {
        var buffer = t_buffer ??= new ArrayBufferWriter<byte>(1024);
        var writer = t_writer ??= new FrameWriter(buffer);
        buffer.ResetWrittenCount();
        // The header's length depends on the payload's: room for the longest is left, and the header put right before the payload.
        buffer.GetSpan(WebSocketFrame.MaxHeaderLength);
        buffer.Advance(WebSocketFrame.MaxHeaderLength);
        writer.Reset(buffer);
        answer.WriteTo(writer);

        var payload = buffer.WrittenCount - WebSocketFrame.MaxHeaderLength;
        var start = WebSocketFrame.MaxHeaderLength - WebSocketFrame.HeaderLength(payload);
        var frame = System.Runtime.InteropServices.MemoryMarshal.AsMemory(buffer.WrittenMemory).Span[start..];
        WebSocketFrame.WriteHeader(frame, WebSocketFrame.Text, payload);
        return frame;
    }
}
