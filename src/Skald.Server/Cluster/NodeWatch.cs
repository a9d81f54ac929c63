using Skald.Protocol;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Operations;

namespace Skald.Server.Cluster;

/// <summary>
/// Looks each second at what the other nodes of the database have done, whether it was announced or not. And holds up what is to be
/// stored while that was not possible: a node that stood still, or was cut off, does not know who was signed out meanwhile.
/// </summary>
/// <param name="revoked">Null where this node has the database to itself.</param>
internal sealed partial class NodeWatch(
    RoomLog log,
    IDatabase database,
    Telemetry telemetry,
    Readiness readiness,
    TimeProvider clock,
    ILogger<NodeWatch> logger,
    RevokedElsewhere? revoked = null)
    : IDraftCheck, IDisposable
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    /// <summary>How old a look may be: one that is due, and one that takes as long.</summary>
    private static readonly TimeSpan Fresh = 2 * Between;

    /// <summary>For the database's answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly ChatError CutOff = new StorageException(ErrorCode.StorageFailed).Error;

    private readonly CancellationTokenSource _stopping = new();
    private volatile TaskCompletionSource _wanted = New();
    private long _lookedAt = clock.GetTimestamp();
    private Task _running = Task.CompletedTask;

    public void Start()
    {
        telemetry.Meter.CreateObservableGauge(
            "skald.nodes", () => database.Nodes, "{node}", "Nodes that have the database open, this one too.");
        _running = log.IsShared ? Task.Run(RunAsync) : Task.CompletedTask;
    }

    /// <summary>Something may have been missed: looks at once. Waits for nothing.</summary>
    public void Look() => _wanted.TrySetResult();

    public ValueTask<ChatError?> CheckAsync(Draft draft) =>
        !log.IsShared || clock.GetElapsedTime(Volatile.Read(ref _lookedAt)) < Fresh ? default : LookFirstAsync();

    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    /// <summary>Ends that of an application that is disposed of without having been stopped.</summary>
    public void Dispose() => _stopping.Cancel();

    /// <remarks>Where it is known that the database is away, nobody waits to find that out.</remarks>
    private async ValueTask<ChatError?> LookFirstAsync() =>
        !readiness.Has(NotReadyReasons.StorageFailed) && await LookAsync() ? null : CutOff;

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            _wanted = New();
            await LookAsync();
            await Task.WhenAny(_wanted.Task, Task.Delay(Between, clock, _stopping.Token));
        }
    }

    private async Task<bool> LookAsync()
    {
        var begun = clock.GetTimestamp();
        if (!await FindRevokedAsync() || !await log.CatchUpAsync())
            return false;
        Volatile.Write(ref _lookedAt, begun);
        return true;
    }

    private async Task<bool> FindRevokedAsync()
    {
        if (revoked is null)
            return true;
        try
        {
            await revoked.LookAsync().WaitAsync(Patience);
            return true;
        }
        catch (Exception e) when (e is StorageException or TimeoutException)
        {
            return false;   // the storage says so itself, once
        }
        catch (Exception e)
        {
            Log.NotFound(logger, e);
            return false;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static partial class Log
    {
        [LoggerMessage(
            10_020,
            LogLevel.Error,
            "Sessions that other nodes have ended cannot be read; nothing is stored here until they can")]
        public static partial void NotFound(ILogger logger, Exception cause);
    }
}
