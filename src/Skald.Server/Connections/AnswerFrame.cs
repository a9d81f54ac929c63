using Skald.Protocol;

namespace Skald.Server.Connections;

/// <summary>Writes one answer as a WebSocket frame, into a buffer of the thread that is overwritten by the next.</summary>
internal static class AnswerFrame
{
    [ThreadStatic]
    private static FrameBuffer? t_frame;

    /// <returns>The frame, valid until the thread writes another.</returns>
    public static ReadOnlySpan<byte> Write<TFrame>(in TFrame answer)
        where TFrame : IServerFrame
    {
        var frame = t_frame ??= new FrameBuffer(1024);
        frame.Clear();
        frame.Add(answer);
        return frame.Frames;
    }
}
