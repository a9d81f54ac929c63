using System.Net;
using System.Net.Sockets;

namespace Skald.Tests.Harness;

/// <summary>Two ends of a TCP connection between which little fits, so that a writer soon has to wait.</summary>
internal static class SmallSockets
{
    private const int BufferBytes = 4 * 1024;

    public static (Socket Peer, Socket Accepted) Connect()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Server.SendBufferSize = BufferBytes;
        listener.Start();
        var peer = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = BufferBytes };
        peer.Connect(listener.LocalEndpoint);
        return (peer, listener.AcceptSocket());
    }
}
