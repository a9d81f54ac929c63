using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Skald.Bench.Sockets;

/// <summary>Non-blocking TCP over IPv4 loopback, on bare descriptors.</summary>
public static unsafe class LoopbackSocket
{
    /// <summary>What <see cref="Send"/> and <see cref="Receive"/> answer when the socket cannot take or give anything now.</summary>
    public const int WouldBlock = -1;

    /// <summary>What they answer when the connection is broken; <see cref="Receive"/> answers 0 at a regular end.</summary>
    public const int Broken = -2;

    /// <summary>Listens on 127.0.0.1.</summary>
    public static int Listen(int port, int backlog)
    {
        var descriptor = New();
        SetOption(descriptor, Libc.SolSocket, Libc.SoReuseAddress, 1);
        var address = Address(1, port);
        if (Libc.Bind(descriptor, &address, (uint)sizeof(Libc.SocketAddress)) < 0)
            throw new Win32Exception();
        if (Libc.Listen(descriptor, backlog) < 0)
            throw new Win32Exception();
        return descriptor;
    }

    /// <summary>The next connection that waits, or <see cref="WouldBlock"/>.</summary>
    public static int Accept(int listener)
    {
        var descriptor = Libc.Accept(listener, null, null, Libc.SockNonBlock | Libc.SockCloseOnExec);
        if (descriptor >= 0)
        {
            SetOption(descriptor, Libc.IpProtoTcp, Libc.TcpNoDelay, 1);
            return descriptor;
        }

        return Marshal.GetLastPInvokeError() == Libc.EAgain ? WouldBlock : throw new Win32Exception();
    }

    /// <summary>Begins to connect to 127.0.0.1; the socket becomes writable when that is done or has failed.</summary>
    /// <param name="source">The last number of the address to come from, 127.0.0.<paramref name="source"/>.</param>
    /// <param name="receiveBuffer">Bytes of the kernel's receive buffer; 0 leaves it to the kernel.</param>
    public static int Connect(int source, int port, int receiveBuffer)
    {
        var descriptor = New();
        SetOption(descriptor, Libc.IpProtoTcp, Libc.TcpNoDelay, 1);
        SetOption(descriptor, Libc.IpProtoIp, Libc.IpBindAddressNoPort, 1);
        if (receiveBuffer > 0)
            SetOption(descriptor, Libc.SolSocket, Libc.SoReceiveBuffer, receiveBuffer);

        var from = Address(source, 0);
        if (Libc.Bind(descriptor, &from, (uint)sizeof(Libc.SocketAddress)) < 0)
            throw new Win32Exception();
        var to = Address(1, port);
        if (Libc.Connect(descriptor, &to, (uint)sizeof(Libc.SocketAddress)) < 0 && Marshal.GetLastPInvokeError() != Libc.EInProgress)
            throw new Win32Exception();
        return descriptor;
    }

    /// <summary>How a connect ended: 0, or the number of the error.</summary>
    public static int ConnectError(int descriptor)
    {
        int error;
        uint length = sizeof(int);
        if (Libc.GetOption(descriptor, Libc.SolSocket, Libc.SoError, &error, &length) < 0)
            throw new Win32Exception();
        return error;
    }

    /// <summary>Writes what the socket takes at once.</summary>
    /// <returns>The number of bytes taken, <see cref="WouldBlock"/> or <see cref="Broken"/>.</returns>
    public static int Send(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            var sent = Libc.Send(descriptor, start, (nuint)bytes.Length, Libc.MsgDontWait | Libc.MsgNoSignal);
            return sent >= 0 ? (int)sent : Failure();
        }
    }

    /// <returns>The number of bytes read, 0 at the end, <see cref="WouldBlock"/> or <see cref="Broken"/>.</returns>
    public static int Receive(int descriptor, Span<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            var received = Libc.Receive(descriptor, start, (nuint)bytes.Length, Libc.MsgDontWait);
            return received >= 0 ? (int)received : Failure();
        }
    }

    public static void Close(int descriptor) => _ = Libc.Close(descriptor);

    private static int Failure() => Marshal.GetLastPInvokeError() is Libc.EAgain or Libc.EIntr ? WouldBlock : Broken;

    private static int New()
    {
        var descriptor = Libc.Socket(Libc.AfInet, Libc.SockStream | Libc.SockNonBlock | Libc.SockCloseOnExec, Libc.IpProtoTcp);
        return descriptor >= 0 ? descriptor : throw new Win32Exception();
    }

    private static void SetOption(int descriptor, int level, int name, int value)
    {
        if (Libc.SetOption(descriptor, level, name, &value, sizeof(int)) < 0)
            throw new Win32Exception();
    }

    private static Libc.SocketAddress Address(int host, int port) => new()
    {
        Family = Libc.AfInet,
        Port = BinaryPrimitives.ReverseEndianness((ushort)port),
        Address = BinaryPrimitives.ReverseEndianness(0x7F000000u | (uint)host),
    };
}
