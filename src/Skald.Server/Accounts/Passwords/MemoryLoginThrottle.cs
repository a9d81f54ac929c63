using Microsoft.Extensions.Options;

namespace Skald.Server.Accounts.Passwords;

/// <summary>For a node that has its database to itself: a restart forgets.</summary>
internal sealed class MemoryLoginThrottle(IOptions<AccountLimits> limits, TimeProvider clock) : ILoginThrottle
{
    /// <summary>Some 10 MB. Beyond it new names are not slowed down, while the rate of each address still holds.</summary>
    private const int MaxNames = 100_000;

    private readonly int _free = limits.Value.LoginFailures;
    private readonly TimeSpan _window = limits.Value.LoginFailureWindow;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Failures> _failures = new(StringComparer.Ordinal);

    public ValueTask<TimeSpan> BeginAsync(string name)
    {
        if (_free == 0)
            return default;
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            if (_failures.TryGetValue(name, out var failures) && !IsOver(failures, now))
            {
                var wait = Wait(failures.Count) - clock.GetElapsedTime(failures.LastAt, now);
                if (wait > TimeSpan.Zero)
                    return ValueTask.FromResult(wait);
            }
            else
            {
                failures = default;
                if (_failures.Count >= MaxNames && !TryMakeRoom(now))
                    return default;
            }

            _failures[name] = new Failures(failures.Count + 1, now);
            return default;
        }
    }

    public ValueTask SucceedAsync(string name)
    {
        lock (_gate)
            _failures.Remove(name);
        return default;
    }

    public ValueTask WithdrawAsync(string name)
    {
        lock (_gate)
        {
            if (_failures.TryGetValue(name, out var failures))
                _failures[name] = failures with { Count = Math.Max(0, failures.Count - 1) };
        }

        return default;
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
