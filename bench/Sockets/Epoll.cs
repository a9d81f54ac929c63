using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Skald.Bench.Sockets;

/// <summary>A level-triggered epoll set. A closed descriptor leaves it by itself.</summary>
public sealed unsafe class Epoll : IDisposable
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly int _descriptor;
    private readonly int _capacity;
    private readonly EpollEvent* _events;

    /// <param name="capacity">How many events one wait brings at most.</param>
    public Epoll(int capacity)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            throw new PlatformNotSupportedException("The bench makes its own system calls, written for Linux on x86-64.");

        _descriptor = Libc.EpollCreate(Libc.EpollCloseOnExec);
        if (_descriptor < 0)
            throw new Win32Exception();
        _capacity = capacity;
        _events = (EpollEvent*)NativeMemory.Alloc((nuint)capacity, (nuint)sizeof(EpollEvent));
    }

    public void Add(int descriptor, Interest interest, ulong token) => Control(Libc.EpollAdd, descriptor, interest, token);

    public void Change(int descriptor, Interest interest, ulong token) => Control(Libc.EpollModify, descriptor, interest, token);

    /// <summary>Waits until something happens.</summary>
    /// <param name="timeout">Nanoseconds; negative waits for ever.</param>
    /// <returns>Valid until the next wait; empty after the timeout.</returns>
    public ReadOnlySpan<EpollEvent> Wait(long timeout)
    {
        var time = new Libc.TimeSpec { Seconds = timeout / NanosecondsPerSecond, Nanoseconds = timeout % NanosecondsPerSecond };
        var count = Libc.EpollWait(_descriptor, _events, _capacity, timeout < 0 ? null : &time, null);
        if (count >= 0)
            return new ReadOnlySpan<EpollEvent>(_events, count);
        if (Marshal.GetLastPInvokeError() == Libc.EIntr)
            return [];
        throw new Win32Exception();
    }

    public void Dispose()
    {
        _ = Libc.Close(_descriptor);
        NativeMemory.Free(_events);
    }

    private void Control(int operation, int descriptor, Interest interest, ulong token)
    {
        var change = new EpollEvent { Events = (uint)interest, Token = token };
        if (Libc.EpollControl(_descriptor, operation, descriptor, &change) < 0)
            throw new Win32Exception();
    }
}
