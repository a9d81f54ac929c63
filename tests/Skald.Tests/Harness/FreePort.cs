using System.Net;
using System.Net.Sockets;

namespace Skald.Tests.Harness;

/// <summary>A port of this machine that nobody listens on: for programs that must be told one before they start.</summary>
internal static class FreePort
{
    public static int Find()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
