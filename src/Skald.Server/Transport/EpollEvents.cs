namespace Skald.Server.Transport;

/// <summary>The events that epoll reports of a socket, with the values of the EPOLL constants: see epoll_ctl(2).</summary>
[Flags]
internal enum EpollEvents : uint
{
    None = 0,

    /// <summary>EPOLLIN: the receive buffer holds data.</summary>
    Readable = 0x001,

    /// <summary>EPOLLOUT: the send buffer has room.</summary>
    Writable = 0x004,

    /// <summary>EPOLLERR.</summary>
    Error = 0x008,

    /// <summary>EPOLLHUP.</summary>
    HangUp = 0x010,

    /// <summary>Nothing can be sent and no more will arrive. The kernel reports these two whether or not they were asked for.</summary>
    Broken = Error | HangUp,

    /// <summary>EPOLLRDHUP: the peer has sent FIN.</summary>
    PeerEnded = 0x2000,
}
