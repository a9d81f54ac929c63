using Skald.Server.Identity;
using Skald.Tests.Harness;

namespace Skald.Tests.Identity;

public sealed class MemorySocketTicketsTests : SocketTicketsContract
{
    private protected override Task<ISocketTickets> OpenAsync(EndedSessions ended, FakeClock clock) =>
        Task.FromResult<ISocketTickets>(new MemorySocketTickets(ended, Identity, Limits, clock));
}
