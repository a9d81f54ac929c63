using System.Diagnostics;
using Microsoft.Extensions.Options;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts.Passwords;

public sealed class PasswordHasherTests
{
    private static PasswordHasher Hasher(int iterations, int queue = 16) => new(
        Options.Create(new AccountsOptions { PasswordIterations = iterations }),
        Options.Create(new AccountLimits { PasswordHashQueue = queue }), new Telemetry());

    [Fact]
    public async Task Password_is_hashed_and_verified_and_a_user_that_does_not_exist_has_none()
    {
        using var hasher = Hasher(1000);
        Assert.True(hasher.TryHash("12345678", out var hashing));
        var hash = await hashing;
        Assert.True(hasher.TryVerify("12345678", hash, out var right));
        Assert.True(await right);
        Assert.True(hasher.TryVerify("12345679", hash, out var wrong));
        Assert.False(await wrong);
        Assert.True(hasher.TryVerify("12345678", stored: null, out var nobody));
        Assert.False(await nobody);
    }

    [Fact]
    public void Hash_with_fewer_iterations_is_outdated_and_one_with_more_is_not()
    {
        using var hasher = Hasher(1000);
        Assert.True(hasher.IsOutdated(PasswordHash.Create("12345678", 999).ToString()));
        Assert.False(hasher.IsOutdated(PasswordHash.Create("12345678", 1000).ToString()));
        Assert.False(hasher.IsOutdated(PasswordHash.Create("12345678", 1001).ToString()));
        Assert.False(hasher.IsOutdated("!unusable"));
    }

    [Fact]
    [Attack("A-19")]
    public async Task Full_queue_refuses_at_once_and_what_is_queued_is_done()
    {
        using var hasher = Hasher(200_000, queue: 2);
        var started = Stopwatch.GetTimestamp();
        var accepted = new List<Task>();
        var refused = 0;
        for (var i = 0; i < 100; i++)
        {
            if (hasher.TryHash("12345678", out var hashing))
                accepted.Add(hashing);
            else
                refused++;
        }

        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(2), "asking never waits for a hash");
        // The queue, and what each thread had taken out of it before it was full.
        Assert.InRange(accepted.Count, 2, 2 + (2 * Environment.ProcessorCount));
        Assert.Equal(100, accepted.Count + refused);
        await Task.WhenAll(accepted).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    [Attack("A-21")]
    public async Task Wrong_password_of_an_old_hash_costs_as_much_as_a_name_that_does_not_exist()
    {
        using var hasher = Hasher(150_000);
        var old = PasswordHash.Create("12345678", 1).ToString();
        var times = new List<(TimeSpan Old, TimeSpan Nobody)>();
        for (var i = 0; i < 5; i++)
            times.Add((await TimeAsync(hasher, old), await TimeAsync(hasher, stored: null)));
        // The best of five, and a wide margin: a busy machine only ever adds. Without the padding it would be a thousandth.
        Assert.True(times.Min(t => t.Old) > times.Min(t => t.Nobody) / 4);
    }

    private static async Task<TimeSpan> TimeAsync(PasswordHasher hasher, string? stored)
    {
        var started = Stopwatch.GetTimestamp();
        Assert.True(hasher.TryVerify("wrong password", stored, out var verifying));
        Assert.False(await verifying);
        return Stopwatch.GetElapsedTime(started);
    }
}
