using System.Buffers;
using Microsoft.Extensions.ObjectPool;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Server.Conversation.Messages;

/// <summary>A page of history as JSON, with a bound in bytes. Used again and again.</summary>
/// <remarks>
/// It lies in memory until its client has taken it, so it is never much larger than <see cref="MostBytes"/>, however long its messages
/// are.
/// </remarks>
internal sealed class HistoryPage : IResettable, IDisposable
{
    /// <summary>A page ends with the message that reaches this: no message is too long to be read.</summary>
    public const int MostBytes = 256 * 1024;

    /// <summary>
    /// A page is never one array, which would lie among the large objects; and a client that takes nothing has only the first pieces
    /// sent to it.
    /// </summary>
    private const int PieceBytes = 32 * 1024;

    /// <summary>Of one message: what is longer is not kept for the next page.</summary>
    private const int KeptBytes = 64 * 1024;

    private readonly List<Piece> _pieces = [];
    private readonly ArrayBufferWriter<byte> _entry = new(1024);
    private readonly FrameWriter _messages;
    private readonly MessageVisitor _visit;
    private bool _newestFirst;
    private int _most;
    private int _count;
    private int _length;

    public HistoryPage()
    {
        _messages = new FrameWriter(_entry);
        _visit = Add;
    }

    public static ObjectPool<HistoryPage> Pool { get; } = ObjectPool.Create<HistoryPage>();

    /// <summary>The oldest message's <c>seq</c>; 0 for an empty page.</summary>
    public long First { get; private set; }

    /// <summary>The newest one's; 0 for an empty page.</summary>
    public long Last { get; private set; }

    /// <summary>Whether there are messages in the range beyond those of the page.</summary>
    public bool More { get; private set; }

    /// <param name="first">A <c>seq</c>: no message before it.</param>
    /// <param name="last">A <c>seq</c>: none after it. Less than <paramref name="first"/> for an empty page.</param>
    /// <param name="most">How many messages at most.</param>
    /// <param name="newestFirst">
    /// Whether, where not all of them fit, the page holds those next to <paramref name="last"/>. It is oldest first all the same.
    /// </param>
    public async Task ReadAsync(RoomLog log, Room room, long first, long last, int most, bool newestFirst)
    {
        (_newestFirst, _most) = (newestFirst, most);
        if (first <= last)
            await log.ReadMessagesAsync(room, first, last, newestFirst, _visit);
        Put(Last == 0 ? "[]"u8 : newestFirst ? "["u8 : "]"u8);
        if (newestFirst)
            _pieces.Reverse();
    }

    /// <summary>Sends it piece by piece: the next when the client has taken enough of those before.</summary>
    /// <remarks>
    /// Each piece is flushed, the last too: once an answer with a length has begun, Kestrel does not flush at its end what was written
    /// without a flush.
    /// </remarks>
    public async Task WriteAsync(HttpResponse response)
    {
        response.ContentType = "application/json";
        response.ContentLength = _length;
        foreach (var piece in _pieces)
            await response.BodyWriter.WriteAsync(piece.Filled);
    }

    public bool TryReset()
    {
        foreach (var piece in _pieces)
            piece.Dispose();
        _pieces.Clear();
        (_length, _count, First, Last, More) = (0, 0, 0, 0, false);
        return _entry.Capacity <= KeptBytes;
    }

    public void Dispose() => _messages.Dispose();

    private bool Add(in ChatMessage message)
    {
        if (_count == _most || _length >= MostBytes)
        {
            More = true;
            return false;
        }

        _count++;
        _entry.ResetWrittenCount();
        message.WriteTo(_messages);
        // Newest first, a page is filled from its end.
        Put(Last > 0 ? ","u8 : _newestFirst ? "]"u8 : "["u8);
        Put(_entry.WrittenSpan);
        if (Last == 0)
            (First, Last) = (message.Seq, message.Seq);
        else if (_newestFirst)
            First = message.Seq;
        else
            Last = message.Seq;
        return true;
    }

    private void Put(ReadOnlySpan<byte> json)
    {
        _length += json.Length;
        if (_pieces.Count > 0 && _pieces[^1].TryPut(json))
            return;
        var piece = new Piece(Math.Max(json.Length, PieceBytes), fromItsEnd: _newestFirst);
        piece.TryPut(json);
        _pieces.Add(piece);
    }

    /// <summary>A rented array that is filled from its start, or from its end: then what comes later stands before.</summary>
    private sealed class Piece(int capacity, bool fromItsEnd) : IDisposable
    {
        private readonly byte[] _bytes = ArrayPool<byte>.Shared.Rent(capacity);
        private int _filled;

        public ReadOnlyMemory<byte> Filled => fromItsEnd ? _bytes.AsMemory(_bytes.Length - _filled) : _bytes.AsMemory(0, _filled);

        public bool TryPut(ReadOnlySpan<byte> json)
        {
            var free = _bytes.Length - _filled;
            if (json.Length > free)
                return false;
            json.CopyTo(_bytes.AsSpan(fromItsEnd ? free - json.Length : _filled));
            _filled += json.Length;
            return true;
        }

        public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);
    }
}
