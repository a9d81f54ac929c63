using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;
using Skald.Server.Operations;

namespace Skald.Server.Identity;

/// <summary>
/// The keys of this server: in each list the first signs and all verify, so that a key can be changed without ending sessions.
/// </summary>
internal sealed class KeyRing
{
    /// <summary>HS256 is as strong as its key up to 32 bytes (RFC 7518 3.2 asks for no less).</summary>
    public const int MinKeyBytes = 32;

    /// <summary>Words of keys in tutorials and defaults. A random key is not even text.</summary>
    private static readonly string[] SampleWords =
        ["secret", "changeme", "change-me", "password", "example", "insecure", "qwerty", "0123456789"];

    private readonly Dictionary<string, SymmetricSecurityKey> _access;

    /// <param name="access">Keys of access tokens with their <c>kid</c>; at least one.</param>
    /// <param name="refresh">Keys of refresh tokens; at least one.</param>
    public KeyRing(IReadOnlyList<(string Kid, byte[] Key)> access, IReadOnlyList<byte[]> refresh)
    {
        _access = access.ToDictionary(k => k.Kid, k => new SymmetricSecurityKey(k.Key) { KeyId = k.Kid }, StringComparer.Ordinal);
        Signing = _access[access[0].Kid];
        Refresh = refresh;
        AccessIds = [.. access.Select(k => Id(k.Key))];
        RefreshIds = [.. refresh.Select(Id)];
    }

    public SymmetricSecurityKey Signing { get; }

    public IReadOnlyList<byte[]> Refresh { get; }

    /// <summary>A name for each key of access tokens, which says nothing about it and is the same wherever the key is.</summary>
    public IReadOnlyList<string> AccessIds { get; }

    /// <summary>The same for the keys of <see cref="Refresh"/>.</summary>
    public IReadOnlyList<string> RefreshIds { get; }

    /// <summary>Looks a key up by its exact name: a <c>kid</c> is opaque, never a path, a query or an address.</summary>
    public SymmetricSecurityKey? Find(string? kid) => kid is null ? null : _access.GetValueOrDefault(kid);

    /// <summary>
    /// The ring of keys that were given as settings. The refresh keys follow from them, so that nodes with one setting agree.
    /// </summary>
    /// <exception cref="StartupRefusedException">A key is not base64, too short, or a sample out of a tutorial.</exception>
    public static KeyRing FromSettings(string signingKey, string? previousSigningKey)
    {
        List<byte[]> keys = [Decode(signingKey, "Accounts:SigningKey")];
        if (previousSigningKey is not null)
            keys.Add(Decode(previousSigningKey, "Accounts:PreviousSigningKey"));
        if (keys is [var signing, var previous] && signing.AsSpan().SequenceEqual(previous))
            throw new StartupRefusedException("Accounts:PreviousSigningKey is the same as Accounts:SigningKey: leave it out.");
        return new KeyRing(
            [.. keys.Select(key => (Kid: Base64Url.EncodeToString(Derive(key, "skald-kid").AsSpan(0, 9)), key))],
            [.. keys.Select(key => Derive(key, "skald-refresh"))]);
    }

    /// <summary>Reads one key, and refuses what is no secret.</summary>
    /// <param name="origin">Where it came from, for the message.</param>
    /// <exception cref="StartupRefusedException">The key is not base64, too short, or a sample out of a tutorial.</exception>
    public static byte[] Decode(string base64, string origin)
    {
        const string Remedy = "Make one with: openssl rand -base64 32";
        var key = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, key, out var written))
            throw new StartupRefusedException($"{origin} is not base64. {Remedy}");
        Array.Resize(ref key, written);
        if (written < MinKeyBytes)
            throw new StartupRefusedException($"{origin} has {written} bytes and must have at least {MinKeyBytes}. {Remedy}");
        // 32 random bytes have fewer than 16 different values once in 10^10 times.
        if (key.Distinct().Count() < MinKeyBytes / 2 || IsSample(base64) || IsSample(Encoding.ASCII.GetString(key)))
            throw new StartupRefusedException($"{origin} is a sample or a pattern and no secret. {Remedy}");
        return key;
    }

    private static bool IsSample(string text) =>
        Array.Exists(SampleWords, word => text.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static string Id(byte[] key) => Base64Url.EncodeToString(Derive(key, "skald-key-id"));

    private static byte[] Derive(byte[] key, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, MinKeyBytes, info: Encoding.ASCII.GetBytes(purpose));
}
