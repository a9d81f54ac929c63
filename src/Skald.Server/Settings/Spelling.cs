using System.Globalization;

namespace Skald.Server.Settings;

/// <summary>
/// How values of settings are written, in every source of them and in the documentation: <c>15 s</c>, <c>8,000</c>, <c>on</c>.
/// </summary>
internal static class Spelling
{
    /// <summary>Up to here every whole number is a double of its own.</summary>
    private const double MostWhole = 1L << 53;

    private static readonly (string[] Names, TimeSpan Length)[] Units =
    [
        (["ms", "millisecond", "milliseconds"], TimeSpan.FromMilliseconds(1)),
        (["s", "sec", "second", "seconds"], TimeSpan.FromSeconds(1)),
        (["min", "m", "minute", "minutes"], TimeSpan.FromMinutes(1)),
        (["h", "hour", "hours"], TimeSpan.FromHours(1)),
        (["d", "day", "days"], TimeSpan.FromDays(1)),
    ];

    /// <returns>What the text says; null where it says nothing of this type.</returns>
    public static object? Read(string text, Type type)
    {
        text = text.Trim();
        return type == typeof(string) ? text
            : type == typeof(bool) ? Flag(text)
            : type == typeof(TimeSpan) ? Time(text)
            : Number(text) is not { } number ? null
            : type == typeof(double) ? number
            : !double.IsInteger(number) ? null
            : type == typeof(int) ? number is >= int.MinValue and <= int.MaxValue ? (int)number : null
            : type == typeof(long) ? number is >= -MostWhole and <= MostWhole ? (long)number : null
            : throw new NotSupportedException($"No spelling for {type}");
    }

    /// <summary>A value as the documentation shows it; <see cref="Read"/> understands it.</summary>
    public static string Show(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "on" : "off",
        TimeSpan time => Show(time),
        double number => number.ToString("#,0.######", CultureInfo.InvariantCulture),
        int or long => ((IFormattable)value).ToString("N0", CultureInfo.InvariantCulture),
        _ => $"{value}",
    };

    /// <summary>What is to be written for a type, in words.</summary>
    public static string Kind(Type type) =>
        type == typeof(bool) ? "on or off"
        : type == typeof(TimeSpan) ? "a time with its unit"
        : type == typeof(double) ? "a number"
        : type == typeof(int) || type == typeof(long) ? "a whole number"
        : "a text";

    private static string Show(TimeSpan time)
    {
        var (number, unit) =
            time.TotalSeconds is > 0 and < 1 ? (time.TotalMilliseconds, "ms")
            : time.TotalMinutes < 1 ? (time.TotalSeconds, "s")
            : time.TotalHours < 1 ? (time.TotalMinutes, "min")
            : time.TotalDays < 2 ? (time.TotalHours, "h")
            : (time.TotalDays, "days");
        return $"{Show(number)} {unit}";
    }

    private static bool? Flag(string text) => text.ToUpperInvariant() switch
    {
        "TRUE" or "ON" or "YES" or "1" => true,
        "FALSE" or "OFF" or "NO" or "0" => false,
        _ => null,
    };

    /// <summary><c>15 s</c>, <c>1.5h</c>, or <c>24:00:00</c>. A number without a unit could be anything, and is nothing.</summary>
    private static TimeSpan? Time(string text)
    {
        if (text.Contains(':', StringComparison.Ordinal))
            return Clock(text);
        var digits = text.TrimEnd([.. "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"]);
        var unit = Array.Find(Units, unit => unit.Names.Contains(text[digits.Length..], StringComparer.OrdinalIgnoreCase));
        if (Number(digits.TrimEnd()) is not { } number)
            return null;
        if (unit.Names is null)
            return text == "0" ? TimeSpan.Zero : null;
        return Math.Abs(number * unit.Length.TotalDays) < TimeSpan.MaxValue.TotalDays ? number * unit.Length : null;
    }

    /// <summary>
    /// [days.]hours:minutes[:seconds[.fraction]], where hours may be more than 23: <c>24:00:00</c> is a day, and not 24 of them.
    /// </summary>
    private static TimeSpan? Clock(string text)
    {
        var parts = text.Split(':');
        return parts is [var hours, _, ..]
            && uint.TryParse(hours, NumberStyles.None, CultureInfo.InvariantCulture, out var whole)
            && whole > 23 && whole < 1_000_000
            ? TimeSpan.TryParse($"0:{string.Join(':', parts[1..])}", CultureInfo.InvariantCulture, out var rest) && parts.Length <= 3
                ? TimeSpan.FromHours(whole) + rest
                : null
            : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && parts.Length <= 3 ? time : null;
    }

    /// <summary><c>8000</c>, <c>8,000</c> or <c>0.17</c>; commas stand between thousands only.</summary>
    private static double? Number(string text)
    {
        var groups = text.Split('.')[0].TrimStart('-').Split(',');
        var grouped = groups.Length == 1 || (groups[0].Length is >= 1 and <= 3 && groups[1..].All(group => group.Length == 3));
        return grouped
            && double.TryParse(
                text,
                NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowThousands,
                CultureInfo.InvariantCulture,
                out var number)
            && double.IsFinite(number)
            ? number
            : null;
    }
}
