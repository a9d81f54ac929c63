using System.Runtime.InteropServices;

namespace Skald.Bench.Sockets;

/// <summary>What epoll says about one descriptor (<c>struct epoll_event</c>: packed to 12 bytes on x86-64).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct EpollEvent
{
    internal uint Events;

    /// <summary>The value that was given with the descriptor.</summary>
    public ulong Token;

    /// <summary>There is something to read: bytes, the end, or an error, which reading then tells.</summary>
    public readonly bool CanRead => (Events & ~(uint)Interest.Write) != 0;

    public readonly bool CanWrite => (Events & (uint)Interest.Write) != 0;
}

/// <summary>What a descriptor is watched for; errors and hang-ups are always told.</summary>
[Flags]
public enum Interest
{
    None = 0,
    Read = 1,
    Write = 4,
}
