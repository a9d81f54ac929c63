using System.Buffers.Text;
using System.Globalization;

namespace Skald.Protocol;

/// <summary>A moment as the log keeps it: microseconds since 1970-01-01 UTC.</summary>
public readonly record struct Timestamp(long Microseconds)
{
    /// <summary>Bytes of <see cref="Format"/>: <c>2026-02-21T16:46:02.123456Z</c>.</summary>
    public const int Length = 27;

    public static Timestamp From(DateTimeOffset moment) => new((moment - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);

    public DateTimeOffset ToDateTimeOffset() => DateTimeOffset.UnixEpoch.AddTicks(Microseconds * TimeSpan.TicksPerMicrosecond);

    /// <summary>Writes ISO 8601 with six decimals and <c>Z</c>: always <see cref="Length"/> bytes.</summary>
    public void Format(Span<byte> destination)
    {
        Span<byte> roundTrip = stackalloc byte[28];
        // The round-trip format has seven decimals; the last is always zero here and gives way to the Z.
        Utf8Formatter.TryFormat(ToDateTimeOffset().UtcDateTime, roundTrip, out _, 'O');
        roundTrip[..26].CopyTo(destination);
        destination[26] = (byte)'Z';
    }

    public override string ToString() => ToDateTimeOffset().ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
}
