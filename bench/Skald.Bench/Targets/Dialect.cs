using System.Text;
using Skald.Bench.Load;

namespace Skald.Bench.Targets;

/// <summary>How a target's room is spoken to: where the socket is, what is sent first, what a send looks like.</summary>
internal abstract class Dialect
{
    /// <summary>The socket of most targets: a room each, <c>{"message":"…"}</c> in, the message object out.</summary>
    public static Dialect RoomSocket { get; } = new RoomSocketDialect();

    /// <summary>Skald's own socket, for many rooms: <c>join</c> first, then <c>send</c>.</summary>
    public static Dialect SkaldSocket { get; } = new SkaldSocketDialect();

    public static Dialect SignalR { get; } = new SignalRDialect();

    public static Dialect SocketIo { get; } = new SocketIoDialect();

    /// <summary>Ends a record of SignalR.</summary>
    public const byte RecordSeparator = 0x1E;

    /// <summary>What a client of SignalR sends first.</summary>
    public static ReadOnlySpan<byte> SignalRHandshake =>
        MaskedFrame.Wrap(MaskedFrame.Text, [.. "{\"protocol\":\"json\",\"version\":1}"u8, RecordSeparator]);

    /// <summary>Ends each of the messages that share a frame, or null where a frame is one message.</summary>
    public abstract byte? Separator { get; }

    /// <param name="token">An access token, where the target asks for one.</param>
    /// <param name="since">The position to resume from, where the target knows positions; null for live messages only.</param>
    public abstract string Path(string room, string? token, long? since);

    /// <summary>What a client sends first, as a whole frame; empty where nothing is.</summary>
    /// <param name="since">The position to resume from, where the target knows positions.</param>
    public abstract ReadOnlySpan<byte> Greeting(string room, long since);

    public abstract MessageTemplate Message(string room, int textBytes);

    private sealed class RoomSocketDialect : Dialect
    {
        public override byte? Separator => null;

        public override string Path(string room, string? token, long? since) =>
            $"/ws/chat/{room}/" + (token is null ? "" : $"?token={token}") + (token is null || since is null ? "" : $"&since={since}");

        public override ReadOnlySpan<byte> Greeting(string room, long since) => default;

        public override MessageTemplate Message(string room, int textBytes) => MessageTemplate.Frame("{\"message\":\"", textBytes, "\"}");
    }

    private sealed class SkaldSocketDialect : Dialect
    {
        public override byte? Separator => null;

        public override string Path(string room, string? token, long? since) => $"/ws/?token={token}";

        public override ReadOnlySpan<byte> Greeting(string room, long since) =>
            MaskedFrame.Wrap(MaskedFrame.Text, Encoding.UTF8.GetBytes($$"""{"type":"join","id":1,"room":"{{room}}","since":{{since}}}"""));

        public override MessageTemplate Message(string room, int textBytes) =>
            MessageTemplate.Frame($$"""{"type":"send","room":"{{room}}","message":""" + "\"", textBytes, "\"}");
    }

    private sealed class SignalRDialect : Dialect
    {
        public override byte? Separator => RecordSeparator;

        public override string Path(string room, string? token, long? since) => $"/hub?room={room}";

        public override ReadOnlySpan<byte> Greeting(string room, long since) => SignalRHandshake;

        public override MessageTemplate Message(string room, int textBytes) =>
            MessageTemplate.Frame("{\"type\":1,\"target\":\"Send\",\"arguments\":[\"", textBytes, "\"]}" + (char)RecordSeparator);
    }

    /// <summary>Engine.IO 4 by WebSocket alone: a message is <c>4</c>, in it Socket.IO's connect <c>0</c>, an event <c>2</c>.</summary>
    private sealed class SocketIoDialect : Dialect
    {
        public override byte? Separator => null;

        public override string Path(string room, string? token, long? since) => $"/socket.io/?EIO=4&transport=websocket&room={room}";

        public override ReadOnlySpan<byte> Greeting(string room, long since) => MaskedFrame.Wrap(MaskedFrame.Text, "40"u8);

        public override MessageTemplate Message(string room, int textBytes) =>
            MessageTemplate.Frame($"42[\"send\",\"{room}\",\"", textBytes, "\"]");
    }
}
