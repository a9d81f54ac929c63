using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Skald.Protocol;

/// <summary>How the values of an enum are spelled on the wire: <c>SinceJoined</c> is <c>since_joined</c>.</summary>
public static class WireName
{
    /// <returns>All spellings, as a sentence lists them.</returns>
    public static string List<T>()
        where T : struct, Enum => string.Join(", ", Names<T>.All.Select(one => one.Name));

    public static string Of<T>(T value)
        where T : struct, Enum => Names<T>.All.First(one => one.Value.Equals(value)).Name;

    public static bool TryRead<T>([NotNullWhen(true)] string? name, out T value)
        where T : struct, Enum
    {
        foreach (var known in Names<T>.All)
        {
            if (known.Name == name)
            {
                value = known.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    private static class Names<T>
        where T : struct, Enum
    {
        public static readonly (string Name, T Value)[] All =
            [.. Enum.GetValues<T>().Select(value => (JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()), value))];
    }
}
