using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Skald.Server.Transport;

/// <summary>Prefetches objects into the processor's cache.</summary>
/// <remarks>
/// Of a connection that was not written to for a while nothing is in the processor's cache. Fetched one after the other when they are
/// needed, its objects are a tenth of what a write costs; asked for some writes earlier they are there
/// (docs/decisions/0013-readers-are-fetched-ahead.md).
/// </remarks>
internal static unsafe class CacheLine
{
    private const int Bytes = 64;

    /// <summary>
    /// Prefetches an object's fields. It is a hint only; on a processor without SSE it does nothing.
    /// </summary>
    /// <param name="lines">How many cache lines of 64 bytes, from the object's start.</param>
    public static void Prefetch(object target, int lines)
    {
        if (!Sse.IsSupported)
            return;
        // If the garbage collector moves the object at this moment, the hint names a wrong address, which is harmless.
        var start = *(byte**)Unsafe.AsPointer(ref target);
        for (var line = 0; line < lines; line++)
            Sse.Prefetch0(start + (line * Bytes));
    }
}
