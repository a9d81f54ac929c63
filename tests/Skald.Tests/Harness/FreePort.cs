using System.Net;
using System.Net.Sockets;

namespace Skald.Tests.Harness;

/// <summary>
/// A port of this machine that nobody listens on, for programs that must be told one before they start. It lies below those that the
/// kernel gives to outgoing connections (from 32768 on, ip(7)): one of these could be taken by a connection before the program listens,
/// or while it is away.
/// </summary>
internal static class FreePort
{
    public static int Find()
    {
        while (true)
        {
            var port = Random.Shared.Next(10_000, 32_000);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}
