using System.Globalization;

namespace Skald.Server.Limits;

/// <summary>
/// How many files and sockets the kernel lets this process have open (RLIMIT_NOFILE). Where none is left the runtime ends the process,
/// so connections end before.
/// </summary>
internal static class OpenFiles
{
    /// <summary>For everything that is no connection: some 300 of the runtime and its libraries, the database and its readers.</summary>
    private const int Reserve = 450;

    private static readonly int? Free = Read() is { } most ? Math.Max(most - Reserve, 16) : null;

    /// <summary>Connections that fit; null where the kernel does not say.</summary>
    public static int? ForConnections => Free;

    /// <summary>Sockets, of them.</summary>
    public static int? ForSockets { get; } = Free * 5 / 8;

    /// <summary>Requests, and handshakes that are not done. What is left is for those that are on their way out.</summary>
    public static int? ForRequests { get; } = Free / 4;

    private static int? Read()
    {
        const string Limits = "/proc/self/limits", Line = "Max open files";
        if (!File.Exists(Limits))
            return null;
        var soft = File.ReadLines(Limits).FirstOrDefault(line => line.StartsWith(Line, StringComparison.Ordinal))?[Line.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var most) ? most : null;
    }
}
