using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts.Passwords;

/// <summary>What the throttle must do wherever it counts.</summary>
public abstract class LoginThrottleContract : IAsyncDisposable
{
    private readonly FakeClock _clock = new();
    private ILoginThrottle? _throttle;

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Five_failures_are_free_and_then_each_wait_is_twice_the_last_up_to_15_minutes()
    {
        await FailAtOnceAsync(5);
        double[] waits = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
        foreach (var seconds in waits)
        {
            var wait = TimeSpan.FromSeconds(seconds);
            Assert.Equal(wait, await BeginAsync());
            await PassAsync(wait - TimeSpan.FromMilliseconds(1));
            Assert.Equal(TimeSpan.FromMilliseconds(1), await BeginAsync());
            await PassAsync(TimeSpan.FromMilliseconds(1));
            Assert.Equal(TimeSpan.Zero, await BeginAsync());
        }
    }

    [Fact]
    public async Task Refused_attempts_do_not_lengthen_the_wait()
    {
        await FailAtOnceAsync(5);
        for (var i = 0; i < 1000; i++)
            Assert.NotEqual(TimeSpan.Zero, await BeginAsync());
        await PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, await BeginAsync());
    }

    [Fact]
    public async Task Attempts_that_have_not_ended_yet_count()
    {
        await BeginAsync("bob");
        var waits = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => BeginAsync())));
        Assert.Equal(5, waits.Count(wait => wait == TimeSpan.Zero));
    }

    [Fact]
    public async Task Success_forgets_the_failures()
    {
        await FailAtOnceAsync(4);
        Assert.Equal(TimeSpan.Zero, await BeginAsync());
        await _throttle!.SucceedAsync("ann");
        await FailAtOnceAsync(5);
    }

    [Fact]
    public async Task Attempt_that_was_not_made_does_not_count()
    {
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(TimeSpan.Zero, await BeginAsync());
            await _throttle!.WithdrawAsync("ann");
        }
    }

    [Fact]
    public async Task Failures_are_forgotten_after_the_window()
    {
        await FailAtOnceAsync(5);
        await PassAsync(TimeSpan.FromMinutes(15) + TimeSpan.FromSeconds(1));
        await FailAtOnceAsync(5);
    }

    [Fact]
    public async Task Names_do_not_share_a_counter()
    {
        await FailAtOnceAsync(5);
        Assert.Equal(TimeSpan.Zero, await BeginAsync("bob"));
    }

    [Fact]
    public async Task Nothing_is_slowed_down_where_limits_are_off()
    {
        _throttle = await OpenAsync(new AccountLimits { LoginFailures = 0 }, _clock);
        for (var i = 0; i < 100; i++)
            Assert.Equal(TimeSpan.Zero, await BeginAsync());
    }

    [Fact]
    public async Task Wait_is_over_by_the_number_that_is_left_after_one_was_withdrawn()
    {
        await FailAtOnceAsync(5);
        await PassAsync(TimeSpan.FromSeconds(1));
        await BeginAsync();
        Assert.Equal(TimeSpan.FromSeconds(2), await BeginAsync());
        await _throttle!.WithdrawAsync("ann");
        Assert.Equal(TimeSpan.FromSeconds(1), await BeginAsync());
    }

    /// <summary>What is no name is counted too.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    [InlineData("\ud800")]
    public async Task Any_text_has_a_counter(string name)
    {
        for (var i = 0; i < 5; i++)
            Assert.Equal(TimeSpan.Zero, await BeginAsync(name));
        Assert.NotEqual(TimeSpan.Zero, await BeginAsync(name));
    }

    private protected abstract Task<ILoginThrottle> OpenAsync(AccountLimits limits, FakeClock clock);

    /// <summary>Time goes on, where the throttle has it from.</summary>
    private protected virtual Task PassAsync(TimeSpan time)
    {
        _clock.Advance(time);
        return Task.CompletedTask;
    }

    private async Task<TimeSpan> BeginAsync(string name = "ann") =>
        await (_throttle ??= await OpenAsync(new AccountLimits(), _clock)).BeginAsync(name);

    private async Task FailAtOnceAsync(int count)
    {
        for (var i = 0; i < count; i++)
            Assert.Equal(TimeSpan.Zero, await BeginAsync());
    }
}
