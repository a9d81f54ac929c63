using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Operations;

namespace Skald.Server.Accounts.Passwords;

/// <summary>
/// Hashes passwords on threads of its own behind a bounded queue: one hash takes 0.2 s of a core, and neither sockets nor the thread
/// pool may pay for a storm of logins.
/// </summary>
internal sealed class PasswordHasher : IDisposable
{
    /// <summary>
    /// A tenth of the weight of other threads (sched(7)): they wake at once, and logins still get on where they take all there is.
    /// </summary>
    private const int Niceness = 10;

    /// <summary>
    /// Some 3 s of a core. Django's own number is a tenth of it: a stored hash that says more must not keep a thread for minutes.
    /// </summary>
    private const int MostIterations = 10_000_000;

    private readonly int _iterations;
    private readonly PasswordHash _nobody;
    private readonly BlockingCollection<Action> _queue;
    private int _running;
    private long _refused;

    public PasswordHasher(IOptions<AccountsOptions> accounts, IOptions<AccountLimits> limits, Telemetry telemetry)
    {
        _iterations = accounts.Value.PasswordIterations;
        _nobody = PasswordHash.OfNobody(_iterations);
        _queue = new BlockingCollection<Action>(limits.Value.PasswordHashQueue);
        var meter = telemetry.Meter;
        meter.CreateObservableUpDownCounter(
            "skald.password_hashes.waiting", () => _queue.Count, "{hash}", "Logins and registrations that wait for a hashing thread.");
        meter.CreateObservableUpDownCounter(
            "skald.password_hashes.running", () => Volatile.Read(ref _running), "{hash}", "Passwords being hashed at this moment.");
        meter.CreateObservableCounter(
            "skald.password_hashes.refused",
            () => Volatile.Read(ref _refused),
            "{hash}",
            "Logins and registrations refused because too many wait.");
        // One core is always left to everything else, where there is more than one.
        for (var i = 0; i < Math.Max(1, Environment.ProcessorCount - 1); i++)
            new Thread(Work) { IsBackground = true, Name = "password hashing", Priority = ThreadPriority.BelowNormal }.Start();
    }

    /// <summary>What to answer when the queue is full.</summary>
    public static ChatError Overloaded { get; } =
        new(ErrorCode.Overloaded, "Too many logins at once. Try again in a moment.") { RetryAfter = TimeSpan.FromSeconds(2) };

    /// <summary>Hashes a new password.</summary>
    /// <returns>False, at once, when the queue is full.</returns>
    public bool TryHash(string password, [NotNullWhen(true)] out Task<string>? hashing) =>
        TryRun(() => PasswordHash.Create(password, _iterations).ToString(), out hashing);

    /// <summary>Verifies a password. A user that does not exist has the hash null: that takes as long, and no password is right.</summary>
    /// <returns>False, at once, when the queue is full.</returns>
    public bool TryVerify(string password, string? stored, [NotNullWhen(true)] out Task<bool>? verifying) =>
        TryRun(() => ((stored is null ? null : Read(stored)) ?? _nobody).Verify(password, _iterations), out verifying);

    /// <summary>Whether a stored hash is weaker than a new one would be.</summary>
    public bool IsOutdated(string stored) => Read(stored) is { } hash && hash.Cost < _iterations;

    /// <summary>Why no password can be right for a stored hash although one was meant to be: its algorithm, in words for the log.</summary>
    /// <returns>Null where the hash is verified, and where it is to keep everybody out.</returns>
    public string? WhyNever(string stored) => Read(stored) is not null ? null
        : PasswordHash.Parse(stored) is not null ? $"more than {Math.Max(MostIterations, _iterations)} rounds"
        : PasswordHash.NameAlgorithm(stored);

    /// <remarks>The threads finish what is queued and go.</remarks>
    public void Dispose() => _queue.CompleteAdding();

    private PasswordHash? Read(string stored) =>
        PasswordHash.Parse(stored) is { } hash && hash.Iterations <= Math.Max(MostIterations, _iterations) ? hash : null;

    private bool TryRun<T>(Func<T> work, [NotNullWhen(true)] out Task<T>? running)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var accepted = !_queue.IsAddingCompleted && _queue.TryAdd(() =>
        {
            try
            {
                result.SetResult(work());
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        });
        running = accepted ? result.Task : null;
        if (!accepted)
            Interlocked.Increment(ref _refused);
        return accepted;
    }

    private void Work()
    {
        // .NET passes over a thread's priority on Linux, where niceness is a thread's own.
        if (OperatingSystem.IsLinux())
            _ = Nice(Niceness);
        foreach (var job in _queue.GetConsumingEnumerable())
        {
            Interlocked.Increment(ref _running);
            job();
            Interlocked.Decrement(ref _running);
        }
    }

#pragma warning disable SYSLIB1054 // One call, once a thread.
    [DllImport("libc", EntryPoint = "nice")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Nice(int increment);
#pragma warning restore SYSLIB1054
}
