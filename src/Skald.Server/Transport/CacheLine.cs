using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Skald.Server.Transport;

/// <summary>What the processor loads from memory at once.</summary>
/// <remarks>
/// Of a connection that was not written to for a while nothing is in the processor's cache. Fetched one after the other when they are
/// needed, its objects are a tenth of what a write costs; asked for some writes earlier they are there
/// (docs/decisions/0013-readers-are-fetched-ahead.md).
/// </remarks>
internal static unsafe class CacheLine
{
    private const int Bytes = 64;

    /// <summary>
    /// Asks for an object's fields. A hint: it changes nothing, and where the processor knows no such thing it does nothing.
    /// </summary>
    /// <param name="lines">How many it spans, from its start.</param>
    public static void Prefetch(object target, int lines)
    {
        if (!Sse.IsSupported)
            return;
        // The collector may move it this moment: then the hint is wrong, and harmless.
        var start = *(byte**)Unsafe.AsPointer(ref target);
        for (var line = 0; line < lines; line++)
            Sse.Prefetch0(start + (line * Bytes));
    }
}
