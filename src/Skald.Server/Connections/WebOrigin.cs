using System.Buffers;

namespace Skald.Server.Connections;

/// <summary>Where a page comes from (RFC 6454): two spellings of one origin are equal.</summary>
/// <param name="Scheme">In lower case. Apps in a shell have schemes of their own: <c>capacitor://localhost</c>.</param>
/// <param name="Host">As it stands in DNS: <c>bücher.example</c> is <c>xn--bcher-kva.example</c>.</param>
/// <param name="Port">The scheme's own where none is written; -1 where the scheme has none.</param>
internal readonly record struct WebOrigin(string Scheme, string Host, int Port)
{
    private static readonly SearchValues<char> NeverInAnOrigin = SearchValues.Create(@"\ *%?#@");

    /// <summary>
    /// Reads an origin. A last slash is passed over; anything else behind the port, a user, a wildcard or a list makes it none.
    /// </summary>
    public static WebOrigin? Parse(string text) =>
        text.AsSpan().IndexOfAny(NeverInAnOrigin) < 0
            && Uri.TryCreate(text, UriKind.Absolute, out var uri)
            && uri is { IdnHost.Length: > 0, AbsolutePath: "/" or "" }
            ? new WebOrigin(uri.Scheme, uri.IdnHost.ToLowerInvariant(), uri.Port)
            : null;
}
