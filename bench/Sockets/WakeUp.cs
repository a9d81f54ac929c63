using System.ComponentModel;

namespace Skald.Bench.Sockets;

/// <summary>A descriptor (eventfd) through which another thread wakes a loop that waits in epoll.</summary>
public sealed unsafe class WakeUp : IDisposable
{
    public WakeUp()
    {
        Descriptor = Libc.EventDescriptor(0, Libc.EventNonBlock | Libc.SockCloseOnExec);
        if (Descriptor < 0)
            throw new Win32Exception();
    }

    public int Descriptor { get; }

    public void Signal()
    {
        var one = 1UL;
        _ = Libc.Write(Descriptor, &one, sizeof(ulong));
    }

    public void Clear()
    {
        ulong count;
        _ = Libc.Read(Descriptor, &count, sizeof(ulong));
    }

    public void Dispose() => _ = Libc.Close(Descriptor);
}
