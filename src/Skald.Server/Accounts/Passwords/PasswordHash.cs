using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Skald.Server.Accounts.Passwords;

/// <summary>
/// A password's hash as Django writes it, <c>pbkdf2_sha256$iterations$salt$base64</c>, so that its users can log in here; and
/// <c>pbkdf2_sha1</c>, which is read but no longer made.
/// </summary>
/// <remarks>Self-describing: another algorithm can stand beside these by its first word. The salt is text, hashed as UTF-8.</remarks>
internal sealed class PasswordHash
{
    private const string Algorithm = "pbkdf2_sha256", OldAlgorithm = "pbkdf2_sha1", Unusable = "!";
    private const int KeyBytes = HMACSHA256.HashSizeInBytes, OldKeyBytes = HMACSHA1.HashSizeInBytes;

    /// <summary>What else Django can be told to use. No library that .NET brings verifies them.</summary>
    private static readonly string[] Foreign =
        ["argon2", "bcrypt", "bcrypt_sha256", "scrypt", "md5", "sha1", "unsalted_md5", "unsalted_sha1"];

    /// <summary>22 characters of 62 are 131 bits, as Django salts since 3.2.</summary>
    private const int SaltLength = 22;

    private const string SaltAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    private readonly string _algorithm;
    private readonly string _salt;
    private readonly byte[] _key;

    private PasswordHash(string algorithm, int iterations, string salt, byte[] key)
    {
        _algorithm = algorithm;
        Iterations = iterations;
        _salt = salt;
        _key = key;
    }

    public int Iterations { get; }

    /// <summary>What a guess costs, in rounds of the algorithm that is made today: SHA-1 takes half the time.</summary>
    public int Cost => _algorithm == OldAlgorithm ? Iterations / 2 : Iterations;

    public static PasswordHash Create(string password, int iterations)
    {
        var salt = RandomNumberGenerator.GetString(SaltAlphabet, SaltLength);
        return new PasswordHash(Algorithm, iterations, salt, Derive(Algorithm, password, salt, iterations));
    }

    /// <summary>A hash that no password has, to spend the same time on a name that does not exist.</summary>
    public static PasswordHash OfNobody(int iterations) =>
        new(Algorithm, iterations, RandomNumberGenerator.GetString(SaltAlphabet, SaltLength), RandomNumberGenerator.GetBytes(KeyBytes));

    /// <returns>Null for another algorithm, and for what Django writes where no password works.</returns>
    public static PasswordHash? Parse(string encoded)
    {
        var parts = encoded.Split('$');
        if (parts is not [Algorithm or OldAlgorithm, var rounds, var salt, var base64] ||
            !int.TryParse(rounds, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations) || iterations < 1)
            return null;
        var key = new byte[parts[0] == Algorithm ? KeyBytes : OldKeyBytes];
        return Convert.TryFromBase64String(base64, key, out var written) && written == key.Length
            ? new PasswordHash(parts[0], iterations, salt, key)
            : null;
    }

    /// <summary>What made a hash that <see cref="Parse"/> does not read, in words for a log: never the hash.</summary>
    /// <returns>Null for what Django writes where no password works.</returns>
    public static string? NameAlgorithm(string encoded)
    {
        var word = encoded.Split('$', 2)[0];
        return encoded.StartsWith(Unusable, StringComparison.Ordinal) ? null
            : Array.Exists(Foreign, name => name == word) ? word
            : word is Algorithm or OldAlgorithm ? $"{word} that cannot be read" : "an unknown algorithm";
    }

    /// <summary>Whether this is the password's hash.</summary>
    /// <param name="password">Any text; the caller limits its length.</param>
    /// <param name="atLeastIterations">
    /// What a refusal must cost, so that its time does not tell an old hash from a name that does not exist.
    /// </param>
    public bool Verify(string password, int atLeastIterations)
    {
        var matches = CryptographicOperations.FixedTimeEquals(Derive(_algorithm, password, _salt, Iterations), _key);
        if (!matches && Cost < atLeastIterations)
            Derive(Algorithm, password, _salt, atLeastIterations - Cost);
        return matches;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{_algorithm}${Iterations}${_salt}${Convert.ToBase64String(_key)}");

#pragma warning disable CA5379 // SHA-1 made the hashes of old databases; who logs in has a new one afterwards.
    private static byte[] Derive(string algorithm, string password, string salt, int iterations) =>
        algorithm == Algorithm
            ? Rfc2898DeriveBytes.Pbkdf2(
                Encoding.UTF8.GetBytes(password), Encoding.UTF8.GetBytes(salt), iterations, HashAlgorithmName.SHA256, KeyBytes)
            : Rfc2898DeriveBytes.Pbkdf2(
                Encoding.UTF8.GetBytes(password), Encoding.UTF8.GetBytes(salt), iterations, HashAlgorithmName.SHA1, OldKeyBytes);
#pragma warning restore CA5379
}
