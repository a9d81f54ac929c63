namespace Skald.Tests.Harness;

/// <summary>How long a test waits for what it wants before it fails. Never how long it waits for nothing.</summary>
internal static class Deadline
{
    /// <summary>Long: it ends only what does not come, and a machine that does much else makes everything late.</summary>
    public static readonly TimeSpan Default = TimeSpan.FromSeconds(40);

    public static CancellationToken Token() => new CancellationTokenSource(Default).Token;

    public static Task<T> Within<T>(this Task<T> task) => task.WaitAsync(Default);

    public static Task Within(this Task task) => task.WaitAsync(Default);

    /// <summary>Asks again and again until it is so, with pauses: who asks without them takes the time from what it waits for.</summary>
    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    /// <inheritdoc cref="UntilAsync(Func{bool}, string)"/>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var started = TimeProvider.System.GetTimestamp();
        var pause = 1;
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > Default)
                throw new TimeoutException($"It did not come to be: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(pause));
            pause = Math.Min(2 * pause, 16);
        }
    }
}
