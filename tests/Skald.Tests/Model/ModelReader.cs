using System.Buffers;
using System.Text;
using System.Text.Json;
using Skald.Protocol;
using Skald.Server.Delivery;
using Skald.Server.History;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.Model;

/// <summary>
/// A reader as the server has it: an <see cref="Outbound"/> and its cursors. Joins and leaves as the dispatcher does, and judges what
/// arrives.
/// </summary>
internal sealed class ModelReader
{
    private readonly RoomFeeds _feeds;
    private readonly Outbound _outbound;
    private readonly Dictionary<Room, Subscription> _joined = [];
    private int _asked;

    public ModelReader(RoomFeeds feeds, RoomLog log, DeliveryLimits limits)
    {
        _feeds = feeds;
        _outbound = new Outbound(Socket, log, limits, TimeProvider.System, failed: (code, _) => Close(code), stuck: () => { });
    }

    public ModelSocket Socket { get; } = new();

    public List<CloseCode> Closes { get; } = [];

    public bool Broken { get; private set; }

    /// <param name="since">The position asked for; null for the head.</param>
    /// <param name="meanwhile">
    /// A negative control: the position is read first and the reader registered later, and this comes between.
    /// </param>
    public void Join(Room room, long? since, Action? meanwhile = null)
    {
        if (Closes.Count > 0)
            return;
        Leave(room);
        var subscription = new Subscription(_outbound, room, Dialect.Entries);
        var known = room.LastSeq;
        meanwhile?.Invoke();
        var head = _feeds.Register(subscription);
        var from = since is { } asked && asked <= Math.Max(head, room.LastSeq) ? asked : head;
        subscription.StartAt(from);
        _joined.Add(room, subscription);
        Answer(new { type = "joined", room = room.Name, since = meanwhile is null ? from : known });
        _outbound.Start(subscription);
    }

    public void Leave(Room room)
    {
        if (!_joined.Remove(room, out var subscription))
            return;
        _outbound.Stop(subscription);
        _feeds.Unregister(subscription);
        Answer(new { type = "left", room = room.Name });
    }

    /// <summary>An answer of about so many bytes.</summary>
    public void Ask(int length) => _outbound.Answer(Pong(length));

    /// <summary>An answer that may wait for the next <see cref="Flush"/>.</summary>
    public void Hold(int length) => _outbound.Hold(Pong(length));

    public void Flush() => _outbound.Flush();

    public void Close(CloseCode code)
    {
        // As Connection.Close: only the first reason counts.
        Closes.Add(code);
        if (Closes.Count == 1)
            _outbound.Finish(WebSocketFrame.Encode(WebSocketFrame.Close, []));
    }

    public void Break()
    {
        Broken = true;
        Socket.Break();
    }

    /// <summary>Whether everything that must end has ended: nothing is left that could write.</summary>
    public bool IsFinished => _outbound.Finished.IsCompleted;

    /// <summary>Holds what the socket took against the model: every room's log after the cursor, once, in order, in whole frames.</summary>
    public void Judge(IReadOnlyDictionary<string, List<string>> logs)
    {
        var cursors = new Dictionary<string, int>(StringComparer.Ordinal);
        var answered = 0;
        var closed = false;
        foreach (var frame in Frames(Socket.Taken))
        {
            Assert.False(closed, "Something follows the close frame.");
            if (frame.Opcode == WireFrame.CloseCode)
            {
                closed = true;
                continue;
            }

            var json = JsonElement.Parse(frame.Payload);
            var room = json.TryGetProperty("room", out var name) ? name.GetString()! : "";
            switch (json.GetProperty("type").GetString())
            {
                case "joined":
                    cursors[room] = json.GetProperty("since").GetInt32();
                    break;
                case "left":
                    Assert.True(cursors.Remove(room));
                    break;
                case "pong":
                    Assert.Equal(answered++, json.GetProperty("re").GetInt32());
                    break;
                default:
                    Assert.True(cursors.TryGetValue(room, out var cursor), $"A message of {room}, where the reader is not.");
                    Assert.Equal(cursor + 1, json.GetProperty("seq").GetInt32());
                    Assert.Equal(logs[room][cursor], json.GetProperty("message").GetString());
                    cursors[room]++;
                    break;
            }
        }

        if (Broken)
            return;
        Assert.Equal(Closes.Count > 0, closed);
        Assert.Equal(closed, IsFinished);
        if (closed)
            return;
        Assert.Equal(_asked, answered);
        Assert.Equal(_joined.Keys.Select(room => room.Name).Order(), cursors.Keys.Order());
        foreach (var (room, cursor) in cursors)
            Assert.Equal(logs[room].Count, cursor);
    }

    private byte[] Pong(int length) => Frame(new { type = "pong", re = _asked++, pad = new string('x', length) });

    private void Answer(object answer) => _outbound.Answer(Frame(answer));

    private static byte[] Frame(object json) => WebSocketFrame.Encode(WebSocketFrame.Text, JsonSerializer.SerializeToUtf8Bytes(json));

    private IEnumerable<WireFrame> Frames(byte[] bytes)
    {
        var rest = new ReadOnlySequence<byte>(bytes);
        while (rest.Length >= 2)
        {
            var head = rest.Slice(0, Math.Min(4, rest.Length)).ToArray();
            Assert.True(
                head[0] is 0x81 or 0x88,
                $"A frame that begins with {head[0]:x2}: frames have torn.\n{Encoding.UTF8.GetString(bytes)}");
            var (header, length) = head[1] < 126 ? (2, head[1]) : head.Length == 4 ? (4, (head[2] << 8) | head[3]) : (4, 126);
            if (rest.Length < header + length)
                break;
            yield return new WireFrame(head[0] & 0x0F, rest.Slice(header, length).ToArray());
            rest = rest.Slice(header + length);
        }

        Assert.True(rest.IsEmpty || Broken, "The last frame is not whole.");
    }
}
