using System.Text;
using System.Text.Json;
using Skald.Protocol;
using Skald.Tests.Harness;

namespace Skald.Tests.Protocol;

/// <summary>The one pass over a frame refuses what the BCL's strict parser refuses, and nothing else.</summary>
public sealed class FrameFieldsTests
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = ProtocolLimits.JsonDepth, AllowDuplicateProperties = false };

    private static readonly string[] Names =
        ["type", "id", "room", "message", "t\\u0079pe", "r\\u006fom", "x", "\\ud83d\\udc4b", "\\ud83d", "ü", ""];

    private static readonly string[] Scalars =
    [
        "1", "-0", "1.5", "1e2", "9223372036854775807", "9223372036854775808", "true", "null", "\"\"", "\"global\"",
        "\"a\\\"b\\\\\"", "\"\\u0041\"",
        "\"\\ud83d\\udc4b\"", "\"\\ud83d\"", "\"\\udc4b\"", "\"\\ud83d\\u0041\"", "\"\\ud83d\\ud83d\\udc4b\"",
        "\"\\\\ud83d\"", "\"\\ud83d\\n\"", "\"👋\"",
        "01", "nul", "\"\\x\"", "\"a\nb\"", "\"open",
    ];

    [Fact]
    public void Refuses_what_a_strict_parser_refuses_and_finds_what_it_finds()
    {
        var random = new Random(Seed.Next(nameof(Refuses_what_a_strict_parser_refuses_and_finds_what_it_finds)));
        var (read, refused) = (0, 0);
        for (var n = 0; n < Seed.Count(20_000, 1_000_000); n++)
        {
            var text = Frame(random);
            var frame = Encoding.UTF8.GetBytes(text);
            var fields = new FrameFields(frame, ProtocolLimits.Default);
            var expected = Parsed(frame);

            Assert.True(expected is null == (fields.Error?.Code == ErrorCode.Malformed), text);
            if (expected is null)
            {
                refused++;
                continue;
            }

            read++;
            var room = expected.GetValueOrDefault("room");
            Assert.True(room == fields.Optional("room"u8), text);
        }

        Assert.InRange(read, 1_000, int.MaxValue);
        Assert.InRange(refused, 1_000, int.MaxValue);
    }

    /// <returns>The strings of the object, by name; null where it is none that may be read.</returns>
    private static Dictionary<string, string>? Parsed(byte[] frame)
    {
        try
        {
            using var document = JsonDocument.Parse(frame, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return null;
            ReadStrings(document.RootElement);
            return document.RootElement.EnumerateObject().Where(field => field.Value.ValueKind == JsonValueKind.String)
                .ToDictionary(field => field.Name, field => field.Value.GetString()!, StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is what the parser throws for a lone surrogate.
            return null;
        }
    }

    private static void ReadStrings(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                value.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                    ReadStrings(item);
                break;
            case JsonValueKind.Object:
                foreach (var field in value.EnumerateObject())
                {
                    Assert.NotNull(field.Name);
                    ReadStrings(field.Value);
                }

                break;
        }
    }

    private static string Frame(Random random)
    {
        var text = new StringBuilder();
        if (random.Next(40) == 0)
            text.Append(random.GetItems(Scalars, 1)[0]);
        else
            Object(random, text, depth: 1);
        if (random.Next(20) == 0)
            text.Length = random.Next(text.Length);
        if (random.Next(20) == 0)
            text.Append(random.GetItems([" ", "\n", "{}", "x", ","], 1)[0]);
        return text.ToString();
    }

    private static void Object(Random random, StringBuilder text, int depth)
    {
        text.Append('{');
        var fields = random.Next(15) == 0 ? random.Next(40) : random.Next(5);
        for (var n = 0; n < fields; n++)
        {
            // Mostly a name of its own, so that most objects have each name once.
            text.Append(n > 0 ? "," : "").Append('"')
                .Append(random.Next(3) == 0 ? random.GetItems(Names, 1)[0] : n == 0 ? "room" : $"f{n}").Append("\":");
            Value(random, text, depth);
        }

        text.Append(random.Next(200) == 0 ? ",}" : "}");
    }

    private static void Value(Random random, StringBuilder text, int depth)
    {
        switch (random.Next(depth > 9 ? 8 : 10))
        {
            case 8:
                Object(random, text, depth + 1);
                break;
            case 9:
                text.Append('[');
                for (var n = random.Next(3); n >= 0; n--)
                {
                    Value(random, text, depth + 1);
                    text.Append(n > 0 ? "," : "");
                }

                text.Append(']');
                break;
            default:
                // The last ones are no JSON: rare, or hardly a frame would be read.
                text.Append(Scalars[random.Next(random.Next(12) == 0 ? Scalars.Length : 12)]);
                break;
        }
    }
}
