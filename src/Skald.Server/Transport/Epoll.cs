using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skald.Server.Transport;

/// <summary>An epoll(7) instance. It is edge-triggered: the kernel reports each change of a descriptor once.</summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    private const int CloseOnExec = 0x80000, AddOperation = 1, ModifyOperation = 3, Interrupted = 4;
    private const int MaxEvents = 256;
    private const uint EdgeTriggered = 0x8000_0000;

    private readonly SafeFileHandle _descriptor = Create(CloseOnExec);
    private readonly byte* _events = (byte*)NativeMemory.Alloc((nuint)(MaxEvents * EventSize));

    public Epoll()
    {
        if (_descriptor.IsInvalid)
            throw new Win32Exception();
    }

    // struct epoll_event: 32 bits of events, then 64 of data, our id; packed on x86-64 and nowhere else.
    private static int EventSize { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    /// <summary>EPOLL_CTL_ADD: asks for a socket's events. What it is ready for already is reported, too.</summary>
    /// <param name="id">How <see cref="Wait"/> names it.</param>
    /// <exception cref="IOException">epoll_ctl(2) failed.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed, or this is.</exception>
    public void Add(SafeSocketHandle socket, long id, EpollEvents events) => Control(AddOperation, socket, id, events);

    /// <summary>EPOLL_CTL_MOD: as <see cref="Add"/>, for a socket that was added.</summary>
    public void Modify(SafeSocketHandle socket, long id, EpollEvents events) => Control(ModifyOperation, socket, id, events);

    /// <summary>Waits until there are events.</summary>
    /// <returns>How many; <see cref="this"/> reads them.</returns>
    public int Wait()
    {
        while (true)
        {
            var count = WaitFor(_descriptor, _events, MaxEvents, timeout: -1);
            if (count >= 0)
                return count;
            if (Marshal.GetLastPInvokeError() != Interrupted)
                throw new Win32Exception();
        }
    }

    /// <summary>One of the events that the last <see cref="Wait"/> brought.</summary>
    public (long Id, EpollEvents Events) this[int index]
    {
        get
        {
            var entry = _events + (index * EventSize);
            return (*(long*)(entry + EventSize - sizeof(long)), *(EpollEvents*)entry);
        }
    }

    public void Dispose()
    {
        _descriptor.Dispose();
        NativeMemory.Free(_events);
    }

    private void Control(int operation, SafeSocketHandle socket, long id, EpollEvents events)
    {
        var wanted = stackalloc byte[EventSize];
        *(uint*)wanted = (uint)events | EdgeTriggered;
        *(long*)(wanted + EventSize - sizeof(long)) = id;
        if (Control(_descriptor, operation, socket, wanted) < 0)
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial SafeFileHandle Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(SafeFileHandle epoll, int operation, SafeSocketHandle socket, byte* change);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int WaitFor(SafeFileHandle epoll, byte* events, int capacity, int timeout);
}
