using Microsoft.Extensions.Options;

namespace Skald.Server.Accounts.Passwords;

/// <summary>
/// Slows down guessing at one account: after <see cref="AccountLimits.LoginFailures"/> each further attempt waits 1 s, 2 s, 4 s … up to
/// the failure window. Never a hard lock, and never in the way of who is signed in. A name that does not exist is slowed
/// down the same way.
/// </summary>
/// <remarks>
/// An attempt counts as failed from the moment it begins and is taken back when it succeeds: else a hundred at once would all
/// find the counter at zero.
/// </remarks>
internal sealed class LoginThrottle(IOptions<AccountLimits> limits, TimeProvider clock)
{
    /// <summary>Some 10 MB. Beyond it new names are not slowed down, while the rate of each address still holds.</summary>
    private const int MaxNames = 100_000;

    private readonly int _free = limits.Value.LoginFailures;
    private readonly TimeSpan _window = limits.Value.LoginFailureWindow;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Failures> _failures = new(StringComparer.Ordinal);

    /// <summary>
    /// Whether an attempt may be made now. It then ends in <see cref="Succeed"/>, in <see cref="Withdraw"/>, or as a failure.
    /// </summary>
    /// <param name="name">What is being guessed at.</param>
    /// <param name="retryAfter">When not: how long until it may.</param>
    public bool TryBegin(string name, out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        if (_free == 0)
            return true;
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            var known = _failures.TryGetValue(name, out var failures) && !IsOver(failures, now);
            if (known)
            {
                retryAfter = Wait(failures.Count) - clock.GetElapsedTime(failures.LastAt, now);
                if (retryAfter > TimeSpan.Zero)
                    return false;
                retryAfter = TimeSpan.Zero;
            }
            else
            {
                failures = default;
                if (_failures.Count >= MaxNames && !TryMakeRoom(now))
                    return true;
            }

            _failures[name] = new Failures(failures.Count + 1, now);
            return true;
        }
    }

    /// <summary>The attempt was the owner's: all is forgotten.</summary>
    public void Succeed(string name)
    {
        lock (_gate)
            _failures.Remove(name);
    }

    /// <summary>The attempt was not made after all.</summary>
    public void Withdraw(string name)
    {
        lock (_gate)
        {
            if (_failures.TryGetValue(name, out var failures))
                _failures[name] = failures with { Count = Math.Max(0, failures.Count - 1) };
        }
    }

    /// <summary>How long after the n-th failure the next attempt has to wait.</summary>
    private TimeSpan Wait(int count)
    {
        if (count < _free)
            return TimeSpan.Zero;
        var doubled = TimeSpan.FromSeconds(1L << Math.Min(count - _free, 30));
        return doubled < _window ? doubled : _window;
    }

    /// <summary>Failures count for the window after the wait they led to: waiting alone never clears them.</summary>
    private bool IsOver(Failures failures, long now) => clock.GetElapsedTime(failures.LastAt, now) >= _window + Wait(failures.Count);

    private bool TryMakeRoom(long now)
    {
        foreach (var (name, failures) in _failures)
        {
            if (IsOver(failures, now))
                _failures.Remove(name);
        }

        return _failures.Count < MaxNames;
    }

    /// <summary>How many, and when the last began, as a timestamp of the clock.</summary>
    private readonly record struct Failures(int Count, long LastAt);
}
