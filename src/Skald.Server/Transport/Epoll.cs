using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skald.Server.Transport;

/// <summary>
/// What the system says of many descriptors at once: see epoll(7). Each change of theirs is told once ("edge-triggered").
/// </summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    private const int CloseOnExec = 0x80000, Add = 1, Modify = 3, Interrupted = 4;
    private const int MostEvents = 256;
    private const uint EachOnce = 0x8000_0000;

    private readonly SafeFileHandle _descriptor = Create(CloseOnExec);
    private readonly byte* _events = (byte*)NativeMemory.Alloc((nuint)(MostEvents * EventSize));

    public Epoll()
    {
        if (_descriptor.IsInvalid)
            throw new Win32Exception();
    }

    // struct epoll_event: the flags, and the id behind them; packed on x86-64 and nowhere else.
    private static int EventSize { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    /// <summary>Asks for the changes of a socket. What it is ready for already is told as well.</summary>
    /// <param name="id">How <see cref="Wait"/> names it.</param>
    /// <exception cref="IOException">The system cannot watch it.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed, or this is.</exception>
    public void Watch(SafeSocketHandle socket, long id, SocketChanges changes) => Control(Add, socket, id, changes);

    /// <summary>As <see cref="Watch"/>, of a socket that is watched.</summary>
    public void WatchAgain(SafeSocketHandle socket, long id, SocketChanges changes) => Control(Modify, socket, id, changes);

    /// <summary>Waits for changes.</summary>
    /// <returns>How many there are: see <see cref="this"/>.</returns>
    public int Wait()
    {
        while (true)
        {
            var count = WaitFor(_descriptor, _events, MostEvents, timeout: -1);
            if (count >= 0)
                return count;
            if (Marshal.GetLastPInvokeError() != Interrupted)
                throw new Win32Exception();
        }
    }

    /// <summary>One of the changes that were waited for.</summary>
    public (long Id, SocketChanges Changes) this[int index]
    {
        get
        {
            var changed = _events + (index * EventSize);
            return (*(long*)(changed + EventSize - sizeof(long)), *(SocketChanges*)changed);
        }
    }

    public void Dispose()
    {
        _descriptor.Dispose();
        NativeMemory.Free(_events);
    }

    private void Control(int operation, SafeSocketHandle socket, long id, SocketChanges changes)
    {
        var wanted = stackalloc byte[EventSize];
        *(uint*)wanted = (uint)changes | EachOnce;
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
