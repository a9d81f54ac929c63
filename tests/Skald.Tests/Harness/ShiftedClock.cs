namespace Skald.Tests.Harness;

/// <summary>A machine whose clock is wrong by so much; time passes as it does.</summary>
internal sealed class ShiftedClock(TimeSpan by) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
}
