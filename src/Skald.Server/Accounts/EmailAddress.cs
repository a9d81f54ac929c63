using System.Buffers;

namespace Skald.Server.Accounts;

/// <summary>Whether a text can be an e-mail address. Only sending a mail could say more.</summary>
/// <remarks>
/// RFC 5321's dot-string form, with letters and digits of any script (RFC 6531); quoted local parts and address literals, which no
/// one has, are refused. One pass over each part: no regular expression, so no input is slow.
/// </remarks>
internal static class EmailAddress
{
    /// <summary>RFC 5321 4.5.3.1.3: a path of 256, less its angle brackets.</summary>
    public const int MaxLength = 254;

    private const int MaxLocalLength = 64;
    private const int MaxLabelLength = 63;

    private static readonly SearchValues<char> LocalMarks = SearchValues.Create("!#$%&'*+-/=?^_`{|}~");

    public static bool IsValid(string address)
    {
        var at = address.IndexOf('@', StringComparison.Ordinal);
        return address.Length <= MaxLength && at > 0 && IsLocalPart(address.AsSpan(0, at)) && IsDomain(address.AsSpan(at + 1));
    }

    private static bool IsLocalPart(ReadOnlySpan<char> local)
    {
        foreach (var atom in local.Split('.'))
        {
            if (local[atom].IsEmpty)
                return false;
            foreach (var c in local[atom])
            {
                if (!char.IsLetterOrDigit(c) && !LocalMarks.Contains(c))
                    return false;
            }
        }

        return local.Length <= MaxLocalLength;
    }

    private static bool IsDomain(ReadOnlySpan<char> domain)
    {
        var labels = 0;
        foreach (var part in domain.Split('.'))
        {
            var label = domain[part];
            if (label.Length is 0 or > MaxLabelLength || label[0] == '-' || label[^1] == '-')
                return false;
            foreach (var c in label)
            {
                if (!char.IsLetterOrDigit(c) && c != '-')
                    return false;
            }

            labels++;
        }

        return labels >= 2;
    }
}
