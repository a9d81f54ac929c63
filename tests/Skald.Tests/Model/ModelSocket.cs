using Skald.Server.Transport;

namespace Skald.Tests.Model;

/// <summary>A socket that takes as many bytes as the test allows, in parts of any size, and breaks when it says so.</summary>
internal sealed class ModelSocket : ISocketWriter
{
    private readonly List<byte> _taken = [];
    private long _window;
    private bool _broken;
    private (TaskCompletionSource<int> Gate, ReadOnlyMemory<byte> Bytes)? _waiting;

    /// <summary>What it has taken.</summary>
    public byte[] Taken => [.. _taken];

    public int TryWrite(ReadOnlySpan<byte> bytes)
    {
        // Two writers at once is how frames tear.
        Assert.Null(_waiting);
        if (_broken)
            throw new IOException("broken");
        var part = (int)Math.Min(_window, bytes.Length);
        _taken.AddRange(bytes[..part]);
        _window -= part;
        return part;
    }

    public ValueTask<int> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        Assert.Null(_waiting);
        Assert.False(bytes.IsEmpty, "A write of nothing would wait for ever.");
        if (_window > 0 || _broken)
            return ValueTask.FromResult(TryWrite(bytes.Span));
        // Continuations run in the call that opens the window: everything happens on the test's own thread.
        var gate = new TaskCompletionSource<int>();
        _waiting = (gate, bytes);
        return new ValueTask<int>(gate.Task);
    }

    /// <summary>Lets so many more bytes pass.</summary>
    public void Widen(long bytes)
    {
        _window += bytes;
        if (_window > 0 && _waiting is { } waiting)
        {
            _waiting = null;
            waiting.Gate.SetResult(TryWrite(waiting.Bytes.Span));
        }
    }

    public void Break()
    {
        _broken = true;
        if (_waiting is { } waiting)
        {
            _waiting = null;
            waiting.Gate.SetException(new IOException("broken"));
        }
    }
}
