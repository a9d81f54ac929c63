using Microsoft.Extensions.Options;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts.Passwords;

public sealed class LoginThrottleTests
{
    private readonly FakeClock _clock = new();
    private readonly LoginThrottle _throttle;

    public LoginThrottleTests() => _throttle = new LoginThrottle(Options.Create(new AccountLimits()), _clock);

    [Fact]
    public void Five_failures_are_free_and_then_each_wait_is_twice_the_last_up_to_15_minutes()
    {
        FailAtOnce(5);
        double[] waits = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
        foreach (var seconds in waits)
        {
            var wait = TimeSpan.FromSeconds(seconds);
            Assert.False(_throttle.TryBegin("ann", out var retryAfter));
            Assert.Equal(wait, retryAfter);
            _clock.Advance(wait - TimeSpan.FromMilliseconds(1));
            Assert.False(_throttle.TryBegin("ann", out _));
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.True(_throttle.TryBegin("ann", out _));
        }
    }

    [Fact]
    public void Refused_attempts_do_not_lengthen_the_wait()
    {
        FailAtOnce(5);
        for (var i = 0; i < 1000; i++)
            Assert.False(_throttle.TryBegin("ann", out _));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_throttle.TryBegin("ann", out _));
    }

    [Fact]
    public void Attempts_that_have_not_ended_yet_count()
    {
        var begun = Enumerable.Range(0, 100).Count(_ => _throttle.TryBegin("ann", out var _));
        Assert.Equal(5, begun);
    }

    [Fact]
    public void Success_forgets_the_failures()
    {
        FailAtOnce(4);
        Assert.True(_throttle.TryBegin("ann", out _));
        _throttle.Succeed("ann");
        FailAtOnce(5);
    }

    [Fact]
    public void Attempt_that_was_not_made_does_not_count()
    {
        for (var i = 0; i < 100; i++)
        {
            Assert.True(_throttle.TryBegin("ann", out _));
            _throttle.Withdraw("ann");
        }
    }

    [Fact]
    public void Failures_are_forgotten_after_the_window()
    {
        FailAtOnce(5);
        _clock.Advance(TimeSpan.FromMinutes(15) + TimeSpan.FromSeconds(1));
        FailAtOnce(5);
    }

    [Fact]
    public void Names_do_not_share_a_counter()
    {
        FailAtOnce(5);
        Assert.True(_throttle.TryBegin("bob", out _));
    }

    [Fact]
    public void Nothing_is_slowed_down_where_limits_are_off()
    {
        var throttle = new LoginThrottle(Options.Create(new AccountLimits { LoginFailures = 0 }), _clock);
        for (var i = 0; i < 100; i++)
            Assert.True(throttle.TryBegin("ann", out _));
    }

    private void FailAtOnce(int count)
    {
        for (var i = 0; i < count; i++)
            Assert.True(_throttle.TryBegin("ann", out _));
    }
}
