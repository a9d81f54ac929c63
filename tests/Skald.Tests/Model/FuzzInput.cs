using System.Text;
using Skald.Tests.Harness;

namespace Skald.Tests.Model;

/// <summary>Inputs that are nearly right: frames and JSON made by the rules, with a few of them broken.</summary>
internal sealed class FuzzInput(Random random)
{
    private static readonly string[] Types =
        ["auth", "join", "resume", "leave", "send", "ping", "pong", "closing", "", "SEND", "constructor"];
    private static readonly string[] Fields =
        ["type", "id", "room", "message", "client_msg_id", "since", "epoch", "rooms", "token", "re", "x", "", "__proto__"];
    private static readonly string[] Rooms = ["global", "tech", "", "no room", "../etc", "é", new('r', 101)];
    private static readonly string[] Texts =
    [
        "",
        "hello",
        "\\u0000",
        "\\ud800",
        "\\udc00\\ud800",
        "\\ud83d\\ude00",
        "\\",
        "\\u12",
        "\t",
        "κόσμε",
        new('m', 4001),
        new('m', 8001),
    ];
    private static readonly string[] Numbers =
        ["0", "-1", "1", "1.5", "1e3", "1e999", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
         "00", "+1", "NaN", "0x1", new('9', 400)];

    /// <summary>The payload of a text frame: a command, more or less.</summary>
    public byte[] Envelope()
    {
        var json = random.Next(10) switch
        {
            0 => Value(0),
            1 => Command() + Value(0),
            2 => Command()[..^random.Next(1, 8)],
            _ => Command(),
        };
        var bytes = Encoding.UTF8.GetBytes(json);
        if (random.Next(12) == 0 && bytes.Length > 0)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes;
    }

    /// <summary>The same payload in one frame or in several.</summary>
    public byte[] Framed(byte[] payload)
    {
        if (random.Next(4) > 0)
            return WireFrame.OfText(payload).Encode();
        var parts = payload.Chunk(random.Next(1, Math.Max(2, payload.Length))).Select((part, i) => new WireFrame(i == 0 ? 1 : 0, part))
            .ToArray();
        return parts.Length == 0
            ? WireFrame.OfText("").Encode()
            : [.. parts.SelectMany((part, i) => (part with { Final = i == parts.Length - 1 }).Encode())];
    }

    /// <summary>Bytes that nearly are frames.</summary>
    public byte[] Bytes()
    {
        var frames = Enumerable.Range(0, random.Next(1, 5)).Select(_ => new WireFrame(random.Next(16), Envelope())
        {
            Final = random.Next(4) > 0,
            Reserved = random.Next(6) == 0 ? random.Next(8) : 0,
            Mask = random.Next(8) == 0 ? null : [(byte)random.Next(256), 0, (byte)random.Next(256), 255],
            LengthBytes = random.Next(6) == 0 ? 8 : null,
        });
        var bytes = frames.SelectMany(frame => frame.Encode()).ToArray();
        for (var flips = random.Next(4); flips > 0; flips--)
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return random.Next(3) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    private string Command()
    {
        var fields = new List<string> { $"\"type\":\"{Pick(Types)}\"" };
        for (var n = random.Next(6); n > 0; n--)
            fields.Add($"\"{Pick(Fields)}\":{Value(0)}");
        if (random.Next(3) > 0)
            fields.Add($"\"room\":\"{Pick(Rooms)}\"");
        if (random.Next(3) > 0)
            fields.Add($"\"message\":\"{Pick(Texts)}\"");
        return "{" + string.Join(',', fields.OrderBy(_ => random.Next())) + "}";
    }

    private string Value(int depth) => random.Next(depth > 12 ? 4 : 7) switch
    {
        0 => Pick(Numbers),
        1 => $"\"{Pick(Texts)}\"",
        2 => $"\"{Pick(Rooms)}\"",
        3 => Pick("null", "true", "false", "undefined", ""),
        4 => "[" + string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(depth + 1))) + "]",
        5 => "{" + string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => $"\"{Pick(Rooms)}\":{Value(depth + 1)}")) + "}",
        _ => random.Next(20) == 0 ? new string('[', 40) : Value(depth + 1),
    };

    private string Pick(params string[] choices) => choices[random.Next(choices.Length)];
}
