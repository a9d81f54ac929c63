using Microsoft.Extensions.Options;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts.Passwords;

public sealed class MemoryLoginThrottleTests : LoginThrottleContract
{
    private protected override Task<ILoginThrottle> OpenAsync(AccountLimits limits, FakeClock clock) =>
        Task.FromResult<ILoginThrottle>(new MemoryLoginThrottle(Options.Create(limits), clock));
}
