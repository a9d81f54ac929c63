namespace Skald.Server.Transport;

/// <summary>What can change of a socket, in the numbers of epoll(7).</summary>
[Flags]
internal enum SocketChanges : uint
{
    None = 0,

    /// <summary>There is something to read.</summary>
    Readable = 0x001,

    /// <summary>There is room to write.</summary>
    Writable = 0x004,

    Failed = 0x008,

    HungUp = 0x010,

    /// <summary>Nothing can be sent and no more will arrive. Always told.</summary>
    Broken = Failed | HungUp,

    /// <summary>The peer has closed its side.</summary>
    PeerEnded = 0x2000,
}
