namespace Skald.Tests.Harness;

internal static class ClockMoves
{
    /// <summary>Moves a clock on until something that waits by it has ended; it may wait again and again.</summary>
    public static async Task MoveUntilAsync(this FakeClock clock, Task ended)
    {
        await Deadline.UntilAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromMilliseconds(20));
                return ended.IsCompleted;
            },
            "what waits by the clock has ended");
        await ended;
    }
}
