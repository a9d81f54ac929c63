namespace Skald.Tests.Harness;

/// <summary>A clock that stands still until a test moves it. Wall time, timestamps and timers move together.</summary>
internal sealed class FakeClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<FakeTimer> _timers = [];
    private DateTimeOffset _now = new(2026, 2, 21, 16, 46, 2, TimeSpan.Zero);
    private long _elapsed = TimeSpan.TicksPerHour;   // as on a machine that has been up for an hour: 0 is no moment

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
            return _now;
    }

    public override long GetTimestamp()
    {
        lock (_gate)
            return _elapsed;
    }

    /// <summary>Moves time on, stopping at each timer that falls due on the way, so that its callback sees its own moment.</summary>
    public void Advance(TimeSpan by)
    {
        var end = GetTimestamp() + by.Ticks;
        while (TakeDue(end) is { } due)
            due.Fire();
        lock (_gate)
            MoveTo(end);
    }

    /// <summary>Sets the wall clock, as an operator or NTP does: timestamps and timers do not notice.</summary>
    public void Jump(TimeSpan by)
    {
        lock (_gate)
            _now += by;
    }

    /// <summary>Whether somebody waits, once, for a moment that is at most so far away.</summary>
    public bool IsAwaited(TimeSpan within)
    {
        lock (_gate)
            return _timers.Any(t => t.Period <= TimeSpan.Zero && t.DueAt <= _elapsed + within.Ticks);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        lock (_gate)
            _timers.Add(timer);
        return timer;
    }

    private FakeTimer? TakeDue(long end)
    {
        lock (_gate)
        {
            var next = _timers.Where(t => t.DueAt <= end).MinBy(t => t.DueAt);
            if (next is null)
                return null;
            MoveTo(Math.Max(_elapsed, next.DueAt!.Value));
            next.DueAt = next.Period > TimeSpan.Zero ? _elapsed + next.Period.Ticks : null;
            return next;
        }
    }

    private void MoveTo(long elapsed)
    {
        _now += TimeSpan.FromTicks(elapsed - _elapsed);
        _elapsed = elapsed;
    }

    private sealed class FakeTimer(FakeClock clock, TimerCallback callback, object? state) : ITimer
    {
        public long? DueAt { get; set; }

        public TimeSpan Period { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                DueAt = dueTime < TimeSpan.Zero ? null : clock._elapsed + dueTime.Ticks;
                Period = period;
            }

            return true;
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (clock._gate)
                clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
