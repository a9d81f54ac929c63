using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Connections;
using Skald.Server.Transport;

namespace Skald.Tests.Harness;

/// <summary>What a test can see only from within.</summary>
internal static class ServerInside
{
    /// <summary>How many sockets the server holds.</summary>
    public static int CountSockets(this IServiceProvider services) => services.GetRequiredService<ConnectionRegistry>().Count;

    /// <summary>A connection of the server over a socket of the test's own, without a handshake; it is not listed yet.</summary>
    /// <param name="unread">What the peer has sent.</param>
    public static Connection NewConnection(this IServiceProvider services, ISocket socket, ReadOnlyMemory<byte> unread = default) =>
        new(services.GetRequiredService<ConnectionServices>(), socket, unread, onlyRoom: null) { SessionCheckAt = DateTimeOffset.MaxValue };
}
