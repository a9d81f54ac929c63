using System.Buffers.Text;
using Skald.Bench.Load;

namespace Skald.Bench.Targets;

/// <summary>How a client speaks that sends into rooms without being in them, and waits for acks: it numbers its sends.</summary>
internal abstract class AckDialect
{
    /// <summary>Skald's own socket.</summary>
    public static AckDialect Skald { get; } = new SkaldDialect();

    /// <summary>Invocations of a hub's <c>Send(room, text)</c>.</summary>
    public static AckDialect SignalR { get; } = new SignalRDialect();

    /// <summary>Events <c>send</c> with a callback.</summary>
    public static AckDialect SocketIo { get; } = new SocketIoDialect();

    /// <inheritdoc cref="Dialect.Separator"/>
    public virtual byte? Separator => null;

    /// <summary>What a client sends first, as a whole frame; empty where nothing is.</summary>
    public virtual ReadOnlySpan<byte> Greeting => default;

    /// <param name="token">An access token, where the target asks for one.</param>
    public abstract string Path(string? token);

    public abstract MessageTemplate Message(string room, int textBytes);

    /// <summary>Whether the server says by it that sends may begin.</summary>
    public abstract bool IsReady(ReadOnlySpan<byte> record);

    /// <summary>Whether it means nothing to a client that only sends.</summary>
    public virtual bool IsIdle(ReadOnlySpan<byte> record) => false;

    /// <param name="number">The number of the send that was stored.</param>
    public abstract bool TryReadAck(ReadOnlySpan<byte> record, out uint number);

    private static bool TryReadNumber(ReadOnlySpan<byte> record, ReadOnlySpan<byte> before, out uint number)
    {
        number = 0;
        var start = record.IndexOf(before);
        return start >= 0 && Utf8Parser.TryParse(record[(start + before.Length)..], out number, out _);
    }

    private sealed class SkaldDialect : AckDialect
    {
        public override string Path(string? token) => $"/ws/?token={token}";

        public override MessageTemplate Message(string room, int textBytes) => MessageTemplate.Frame(
            $$"""{"type":"send","id":"{{MessageTemplate.IdPlace}}","room":"{{room}}","message":""" + "\"", textBytes, "\"}");

        public override bool IsReady(ReadOnlySpan<byte> record) => record.StartsWith("{\"type\":\"ready\""u8);

        public override bool TryReadAck(ReadOnlySpan<byte> record, out uint number)
        {
            number = 0;
            return record.StartsWith("{\"type\":\"ack\""u8) && TryReadNumber(record, "\"re\":\""u8, out number);
        }
    }

    private sealed class SignalRDialect : AckDialect
    {
        public override byte? Separator => Dialect.RecordSeparator;

        public override ReadOnlySpan<byte> Greeting => Dialect.SignalRHandshake;

        public override string Path(string? token) => "/hub";

        public override MessageTemplate Message(string room, int textBytes) => MessageTemplate.Frame(
            $$"""{"type":1,"invocationId":"{{MessageTemplate.IdPlace}}","target":"Send","arguments":["{{room}}",""" + "\"",
            textBytes,
            "\"]}" + (char)Dialect.RecordSeparator);

        public override bool IsReady(ReadOnlySpan<byte> record) => record.SequenceEqual("{}"u8);

        public override bool IsIdle(ReadOnlySpan<byte> record) => record.SequenceEqual("{\"type\":6}"u8);

        public override bool TryReadAck(ReadOnlySpan<byte> record, out uint number)
        {
            number = 0;
            return record.StartsWith("{\"type\":3,"u8) && record.IndexOf("\"error\""u8) < 0
                && TryReadNumber(record, "\"invocationId\":\""u8, out number);
        }
    }

    private sealed class SocketIoDialect : AckDialect
    {
        public override ReadOnlySpan<byte> Greeting => MaskedFrame.Wrap(MaskedFrame.Text, "40"u8);

        public override string Path(string? token) => "/socket.io/?EIO=4&transport=websocket";

        public override MessageTemplate Message(string room, int textBytes) =>
            MessageTemplate.Frame($"42{MessageTemplate.IdPlace}[\"send\",\"{room}\",\"", textBytes, "\"]");

        public override bool IsReady(ReadOnlySpan<byte> record) => record.StartsWith("40"u8);

        public override bool IsIdle(ReadOnlySpan<byte> record) => record.StartsWith("0{"u8);

        public override bool TryReadAck(ReadOnlySpan<byte> record, out uint number)
        {
            number = 0;
            return record.StartsWith("43"u8) && record.IndexOf("\"error\""u8) < 0 && TryReadNumber(record, "43"u8, out number);
        }
    }
}
