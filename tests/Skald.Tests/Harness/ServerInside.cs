using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Connections;

namespace Skald.Tests.Harness;

/// <summary>What a test can see only from within.</summary>
internal static class ServerInside
{
    /// <summary>How many sockets the server holds.</summary>
    public static int CountSockets(this IServiceProvider services) => services.GetRequiredService<ConnectionRegistry>().Count;
}
