using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Skald.Protocol;

namespace Skald.Server.Cluster;

/// <summary>What one node tells the others in one payload, merged of all that was noted while the one before was on its way.</summary>
/// <remarks>
/// <code>v1 NODE NUMBER [gEND] [l] [sROOM,FRAME]…</code>
/// In ASCII, apart by spaces: the log has grown to END; look, since something else has changed; a signal for readers of ROOM, its frame
/// in base64. One without any of these is a probe. A node that does not know the version, or a part, looks for itself.
/// </remarks>
/// <param name="Node">Who says it: random, and another one after each start.</param>
/// <param name="Grown">Null where it says nothing of the log.</param>
/// <param name="Look">Whether something else has changed, or it has a part that this release does not know.</param>
internal sealed record Announcement(
    string Node, long? Grown, bool Look, IReadOnlyList<(string Room, ReadOnlyMemory<byte> Frame)> Signals)
{
    private const string Version = "v1";

    /// <summary>Of the longest payload without signals, in bytes.</summary>
    public const int HeadBytes = 80;

    /// <summary>Writes a payload.</summary>
    /// <param name="number">Counts the node's payloads, so that no two are the same: PostgreSQL drops repeats.</param>
    /// <param name="signals">Parts as <see cref="SignalPart"/> makes them.</param>
    public static string Write(string node, long number, long? grown, bool look, StringBuilder signals)
    {
        var text = new StringBuilder(HeadBytes + signals.Length).Append(CultureInfo.InvariantCulture, $"{Version} {node} {number}");
        if (grown is { } end)
            text.Append(CultureInfo.InvariantCulture, $" g{end}");
        if (look)
            text.Append(" l");
        return text.Append(signals).ToString();
    }

    public static string SignalPart(string room, ReadOnlySpan<byte> frame) => $" s{room},{Convert.ToBase64String(frame)}";

    /// <summary>Bytes of a <see cref="SignalPart"/>.</summary>
    public static int SignalBytes(string room, int frame) => 3 + room.Length + (4 * ((frame + 2) / 3));

    /// <returns>False for a payload of a release that speaks otherwise, or of whoever else writes to the channel.</returns>
    public static bool TryRead(string payload, [NotNullWhen(true)] out Announcement? announcement)
    {
        announcement = null;
        if (payload.Split(' ') is not [Version, { Length: > 0 } node, _, .. var parts])
            return false;
        long? grown = null;
        var look = false;
        var signals = new List<(string, ReadOnlyMemory<byte>)>();
        foreach (var part in parts)
        {
            if (part is ['g', .. var digits] && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var end))
                grown = end;
            else if (part is ['s', .. var signal] && TryReadSignal(signal, out var room, out var frame))
                signals.Add((room, frame));
            else
                look = true;
        }

        announcement = new(node, grown, look, signals);
        return true;
    }

    private static bool TryReadSignal(string signal, out string room, out byte[] frame)
    {
        var comma = signal.IndexOf(',', StringComparison.Ordinal);
        room = comma < 0 ? "" : signal[..comma];
        var base64 = signal.AsSpan(comma + 1);
        frame = new byte[base64.Length / 4 * 3];
        if (!RoomName.IsValid(room) || !Convert.TryFromBase64Chars(base64, frame, out var length))
            return false;
        frame = frame[..length];
        return true;
    }
}
