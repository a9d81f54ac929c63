using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Skald.Tests.Identity;

/// <summary>A real access token taken apart, to be put together wrongly.</summary>
internal sealed class ForgedToken(string token, byte[] key)
{
    private static readonly JsonSerializerOptions AnyDepth = new() { MaxDepth = 1_000 };

    public JsonObject Header { get; } = Read(token.Split('.')[0]);

    public JsonObject Payload { get; } = Read(token.Split('.')[1]);

    public byte[] Key { get; } = key;

    /// <summary>Signs what is there now with HS256, as our own server would.</summary>
    public string Sign(byte[]? key = null) => Sign(bytes => HMACSHA256.HashData(key ?? Key, bytes));

    public string Sign(Func<byte[], byte[]> signature)
    {
        var signed = Encode(JsonSerializer.SerializeToUtf8Bytes(Header, AnyDepth)) + "." + Encode(
            JsonSerializer.SerializeToUtf8Bytes(Payload, AnyDepth));
        return signed + "." + Encode(signature(Encoding.ASCII.GetBytes(signed)));
    }

    public ForgedToken With(string name, JsonNode? value)
    {
        Payload[name] = value;
        return this;
    }

    public ForgedToken WithHeader(string name, JsonNode? value)
    {
        Header[name] = value;
        return this;
    }

    public ForgedToken Without(string name)
    {
        Payload.Remove(name);
        return this;
    }

    public static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);

    private static JsonObject Read(string part) => JsonNode.Parse(Base64Url.DecodeFromChars(part))!.AsObject();
}
