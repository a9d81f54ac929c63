using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Skald.Server.Accounts;

/// <summary>A password's hash as Django writes it, <c>pbkdf2_sha256$iterations$salt$base64</c>, so that its users can log in here.</summary>
/// <remarks>Self-describing: another algorithm can stand beside this one by its first word. The salt is text, hashed as UTF-8.</remarks>
internal sealed class PasswordHash
{
    private const string Algorithm = "pbkdf2_sha256";
    private const int KeyBytes = 32;

    /// <summary>22 characters of 62 are 131 bits, as Django salts since 3.2.</summary>
    private const int SaltLength = 22;

    private const string SaltAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    private readonly string _salt;
    private readonly byte[] _key;

    private PasswordHash(int iterations, string salt, byte[] key)
    {
        Iterations = iterations;
        _salt = salt;
        _key = key;
    }

    public int Iterations { get; }

    public static PasswordHash Create(string password, int iterations)
    {
        var salt = RandomNumberGenerator.GetString(SaltAlphabet, SaltLength);
        return new PasswordHash(iterations, salt, Derive(password, salt, iterations));
    }

    /// <summary>A hash that no password has, to spend the same time on a name that does not exist.</summary>
    public static PasswordHash OfNobody(int iterations) =>
        new(iterations, RandomNumberGenerator.GetString(SaltAlphabet, SaltLength), RandomNumberGenerator.GetBytes(KeyBytes));

    /// <returns>Null for another algorithm, and for what Django writes where no password works.</returns>
    public static PasswordHash? Parse(string encoded)
    {
        var parts = encoded.Split('$');
        if (parts is not [Algorithm, var rounds, var salt, var base64] ||
            !int.TryParse(rounds, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations) || iterations < 1)
            return null;
        var key = new byte[KeyBytes];
        return Convert.TryFromBase64String(base64, key, out var written) && written == KeyBytes
            ? new PasswordHash(iterations, salt, key)
            : null;
    }

    /// <summary>Whether this is the password's hash.</summary>
    /// <param name="password">Any text; the caller limits its length.</param>
    /// <param name="atLeastIterations">What a refusal must cost, so that its time does not tell an old hash from a name that does not exist .</param>
    public bool Verify(string password, int atLeastIterations)
    {
        var matches = CryptographicOperations.FixedTimeEquals(Derive(password, _salt, Iterations), _key);
        if (!matches && Iterations < atLeastIterations)
            Derive(password, _salt, atLeastIterations - Iterations);
        return matches;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Algorithm}${Iterations}${_salt}${Convert.ToBase64String(_key)}");

    private static byte[] Derive(string password, string salt, int iterations) => Rfc2898DeriveBytes.Pbkdf2(
        Encoding.UTF8.GetBytes(password), Encoding.UTF8.GetBytes(salt), iterations, HashAlgorithmName.SHA256, KeyBytes);
}
