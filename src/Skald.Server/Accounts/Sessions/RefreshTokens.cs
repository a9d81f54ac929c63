using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Skald.Server.Identity;

namespace Skald.Server.Accounts.Sessions;

/// <summary>
/// Refresh tokens are derived, not stored: base64url of <c>session id (8) ‖ generation (4) ‖ HMAC-SHA256 (32)</c>. The database keeps
/// only which generation is the current one, so a copy of it holds no token, and a lost answer can be given again.
/// </summary>
internal sealed class RefreshTokens(KeyRing keys)
{
    /// <summary>Characters of a token: 44 bytes.</summary>
    private const int Length = 59;

    private const int NamedBytes = sizeof(long) + sizeof(int);

    /// <summary>The key signs nothing else; the words keep it so if one day it does.</summary>
    private static ReadOnlySpan<byte> Purpose => "skald-refresh"u8;

    public string Create(long sessionId, int generation)
    {
        Span<byte> token = stackalloc byte[NamedBytes + HMACSHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt64BigEndian(token, sessionId);
        BinaryPrimitives.WriteInt32BigEndian(token[sizeof(long)..], generation);
        Sign(keys.Refresh[0], token[..NamedBytes], token[NamedBytes..]);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>Whether this server made the token, at any time. Whether it still works only its session knows.</summary>
    public bool TryRead(string token, out long sessionId, out int generation)
    {
        sessionId = 0;
        generation = 0;
        Span<byte> bytes = stackalloc byte[NamedBytes + HMACSHA256.HashSizeInBytes];
        if (token.Length != Length ||
            Base64Url.DecodeFromChars(token, bytes, out _, out var written) != OperationStatus.Done || written != bytes.Length)
            return false;

        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        foreach (var key in keys.Refresh)
        {
            Sign(key, bytes[..NamedBytes], expected);
            if (!CryptographicOperations.FixedTimeEquals(expected, bytes[NamedBytes..]))
                continue;
            sessionId = BinaryPrimitives.ReadInt64BigEndian(bytes);
            generation = BinaryPrimitives.ReadInt32BigEndian(bytes[sizeof(long)..]);
            return true;
        }

        return false;
    }

    private static void Sign(byte[] key, ReadOnlySpan<byte> named, Span<byte> signature)
    {
        Span<byte> signed = stackalloc byte[Purpose.Length + NamedBytes];
        Purpose.CopyTo(signed);
        named.CopyTo(signed[Purpose.Length..]);
        HMACSHA256.HashData(key, signed, signature);
    }
}
