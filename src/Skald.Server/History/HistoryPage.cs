using System.Buffers;
using Microsoft.Extensions.ObjectPool;
using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>A page of history as JSON, with a bound in bytes. Used again and again.</summary>
/// <remarks>It lies in memory until its client has taken it, so it is never much larger than <see cref="MostBytes"/>, however long its messages are.</remarks>
internal sealed class HistoryPage : IResult, IResettable, IDisposable
{
    /// <summary>A page ends with the message that reaches this: no message is too long to be read.</summary>
    public const int MostBytes = 256 * 1024;

    /// <summary>Bytes from which on the next message begins another piece: a page is never one array, which would lie among the large objects.</summary>
    private const int PieceBytes = 32 * 1024;

    private static readonly ObjectPool<HistoryPage> Pool = ObjectPool.Create<HistoryPage>();

    private readonly List<Piece> _pieces = [new()];   // those in use first, then those that a longer page has left
    private readonly FrameWriter _messages;
    private readonly MessageVisitor _visit;
    private int _used = 1;
    private int _length;
    private bool _newestFirst;
    private int _most;
    private int _count;

    public HistoryPage()
    {
        _messages = new FrameWriter(_pieces[0].Json);
        _visit = Add;
    }

    /// <summary>The oldest message's <c>seq</c>; 0 for an empty page.</summary>
    public long First { get; private set; }

    /// <summary>The newest one's; 0 for an empty page.</summary>
    public long Last { get; private set; }

    /// <summary>Whether there are messages in the range beyond those of the page.</summary>
    public bool More { get; private set; }

    /// <param name="log">The log.</param>
    /// <param name="room">The room.</param>
    /// <param name="first">A <c>seq</c>: no message before it.</param>
    /// <param name="last">A <c>seq</c>: none after it. Less than <paramref name="first"/> for an empty page.</param>
    /// <param name="most">How many messages at most.</param>
    /// <param name="newestFirst">Whether, where not all of them fit, the page holds those next to <paramref name="last"/>. It is oldest first all the same.</param>
    public static async Task<HistoryPage> ReadAsync(RoomLog log, Room room, long first, long last, int most, bool newestFirst)
    {
        var page = Pool.Get();
        (page._newestFirst, page._most) = (newestFirst, most);
        if (first <= last)
            await log.ReadMessagesAsync(room, first, last, newestFirst, page._visit);
        return page;
    }

    /// <remarks>Not flushed here: the web server does that at the end of the request, and waits for a slow client without us.</remarks>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = "application/json";
        response.ContentLength = "[]"u8.Length + (Last == 0 ? 0 : _length - 1);   // no comma before the first
        response.BodyWriter.Write("["u8);
        for (var i = 0; i < _used; i++)
            Write(response.BodyWriter, _pieces[_newestFirst ? _used - 1 - i : i], isFirst: i == 0);
        response.BodyWriter.Write("]"u8);
        Pool.Return(this);
        return Task.CompletedTask;
    }

    public bool TryReset()
    {
        for (var i = 0; i < _used; i++)
            _pieces[i].Reset();
        (_used, _length, _count, First, Last, More) = (1, 0, 0, 0, 0, false);
        _messages.Reset(_pieces[0].Json);
        return _pieces.Sum(piece => piece.Json.Capacity) <= 2 * MostBytes;   // more was for messages that are rarely so long
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
        if (_pieces[_used - 1].Json.WrittenCount >= PieceBytes)
        {
            if (_used == _pieces.Count)
                _pieces.Add(new Piece());
            _messages.Reset(_pieces[_used++].Json);
        }

        var piece = _pieces[_used - 1];
        var start = piece.Json.WrittenCount;
        piece.Starts.Add(start);
        piece.Json.Write(","u8);
        _messages.WriteMessage(message);
        _length += piece.Json.WrittenCount - start;
        if (Last == 0)
            (First, Last) = (message.Seq, message.Seq);
        else if (_newestFirst)
            First = message.Seq;
        else
            Last = message.Seq;
        return true;
    }

    private void Write(IBufferWriter<byte> output, Piece piece, bool isFirst)
    {
        var json = piece.Json.WrittenSpan;
        if (!_newestFirst)
        {
            output.Write(isFirst && !json.IsEmpty ? json[1..] : json);
            return;
        }

        for (var i = piece.Starts.Count - 1; i >= 0; i--)
        {
            var message = json[piece.Starts[i]..];
            json = json[..piece.Starts[i]];
            output.Write(isFirst ? message[1..] : message);
            isFirst = false;
        }
    }

    /// <summary>Messages one behind the other, each after a comma.</summary>
    private sealed class Piece
    {
        public ArrayBufferWriter<byte> Json { get; } = new(PieceBytes + (8 * 1024));

        /// <summary>Where each message's comma is.</summary>
        public List<int> Starts { get; } = [];

        public void Reset()
        {
            Json.ResetWrittenCount();
            Starts.Clear();
        }
    }
}
