using System.Buffers.Binary;
using System.Text;

namespace Skald.Tests.Harness;

/// <summary>A frame as RFC 6455, section 5.2, draws it, with every bit in the hands of the test: also those that may not be so.</summary>
internal sealed record WireFrame(int Opcode, byte[] Payload)
{
    public const int ContinuationCode = 0x0, TextCode = 0x1, BinaryCode = 0x2, CloseCode = 0x8, PingCode = 0x9, PongCode = 0xA;

    public bool Final { get; init; } = true;

    /// <summary>The three reserved bits, as 0–7: RSV1 is 4.</summary>
    public int Reserved { get; init; }

    /// <summary>Null: not masked, as only a server may.</summary>
    public byte[]? Mask { get; init; } = [0x37, 0xfa, 0x21, 0x3d];

    /// <summary>What the header says the length is, where it lies.</summary>
    public ulong? DeclaredLength { get; init; }

    /// <summary>Bytes of the extended length, 0, 2 or 8, where it is not the shortest.</summary>
    public int? LengthBytes { get; init; }

    public string Text => Encoding.UTF8.GetString(Payload);

    /// <summary>The code of a close frame; null where it has none.</summary>
    public int? Code => Payload.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(Payload) : null;

    /// <summary>What a close frame says after its code.</summary>
    public string Reason => Payload.Length > 2 ? Encoding.UTF8.GetString(Payload.AsSpan(2)) : "";

    public static WireFrame OfText(string text) => new(TextCode, Encoding.UTF8.GetBytes(text));

    public static WireFrame OfText(byte[] payload) => new(TextCode, payload);

    public static WireFrame Continuation(string text) => new(ContinuationCode, Encoding.UTF8.GetBytes(text));

    public static WireFrame Ping(string text = "") => new(PingCode, Encoding.UTF8.GetBytes(text));

    public static WireFrame Pong(string text = "") => new(PongCode, Encoding.UTF8.GetBytes(text));

    public static WireFrame Close() => new(CloseCode, []);

    public static WireFrame Close(int code, string reason = "") => Close(code, Encoding.UTF8.GetBytes(reason));

    public static WireFrame Close(int code, byte[] reason) => new(CloseCode, [(byte)(code >> 8), (byte)code, .. reason]);

    /// <summary>The same, as a fragment that others follow.</summary>
    public WireFrame Unfinished() => this with { Final = false };

    public byte[] Encode()
    {
        var declared = DeclaredLength ?? (ulong)Payload.Length;
        var extended = LengthBytes ?? (declared <= 125 ? 0 : declared <= ushort.MaxValue ? 2 : 8);
        var header = new byte[2 + extended];
        header[0] = (byte)((Final ? 0x80 : 0) | (Reserved << 4) | Opcode);
        header[1] = (byte)((Mask is null ? 0 : 0x80) | extended switch { 2 => 126, 8 => 127, _ => (int)declared });
        if (extended == 2)
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)declared);
        else if (extended == 8)
            BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(2), declared);
        return Mask is null
            ? [.. header, .. Payload]
            : [.. header, .. Mask, .. Payload.Select((b, i) => (byte)(b ^ Mask[i % 4]))];
    }

    public override string ToString() => Opcode switch
    {
        TextCode => $"text {Text}",
        CloseCode => $"close {Code} {Reason}",
        PingCode => $"ping {Text}",
        PongCode => $"pong {Text}",
        _ => $"opcode {Opcode}, {Payload.Length} bytes",
    };
}
