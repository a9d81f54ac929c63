using System.Buffers;
using Microsoft.Extensions.ObjectPool;
using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>A page of history as JSON. Used again and again: its buffer is as large as the page.</summary>
internal sealed class HistoryPage : IResult, IResettable, IDisposable
{
    /// <summary>Bytes that a page may keep for the next; longer ones are rare.</summary>
    private const int KeptBytes = 256 * 1024;

    private static readonly ObjectPool<HistoryPage> Pool = ObjectPool.Create<HistoryPage>();

    private readonly ArrayBufferWriter<byte> _json = new(16 * 1024);
    private readonly FrameWriter _messages;
    private readonly MessageVisitor _visit;

    public HistoryPage()
    {
        _messages = new FrameWriter(_json);
        _visit = Add;
    }

    /// <param name="log">The log.</param>
    /// <param name="room">The room.</param>
    /// <param name="first">The first message's <c>seq</c>.</param>
    /// <param name="last">The last one's; less than <paramref name="first"/> for an empty page.</param>
    public static async Task<HistoryPage> ReadAsync(RoomLog log, Room room, long first, long last)
    {
        var page = Pool.Get();
        if (first <= last)
            await log.ReadAsync(room, first, last, page._visit);
        page._json.Write(page._json.WrittenCount == 0 ? "[]"u8 : "]"u8);
        return page;
    }

    /// <remarks>Not flushed here: the web server does that at the end of the request, and waits for a slow client without us.</remarks>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = "application/json";
        response.ContentLength = _json.WrittenCount;
        response.BodyWriter.Write(_json.WrittenSpan);
        Pool.Return(this);
        return Task.CompletedTask;
    }

    public bool TryReset()
    {
        _json.ResetWrittenCount();
        return _json.Capacity <= KeptBytes;
    }

    public void Dispose() => _messages.Dispose();

    private bool Add(in ChatMessage message)
    {
        _json.Write(_json.WrittenCount == 0 ? "["u8 : ","u8);
        _messages.WriteMessage(message);
        return true;
    }
}
