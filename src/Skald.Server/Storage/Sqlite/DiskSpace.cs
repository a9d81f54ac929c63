using Skald.Server.Operations;

namespace Skald.Server.Storage.Sqlite;

/// <summary>
/// Whether the disk has room for what is to be stored. It is full from a write that found none, or a start that finds too little, until
/// there is some: that is tried once a second. The log says it once each way, and readiness while it is so.
/// </summary>
internal sealed partial class DiskSpace : IDisposable
{
    /// <summary>
    /// Bytes that must be free: with less the next few messages would fill it again, and the log would say both in turns.
    /// </summary>
    private const long Enough = 1 << 20;

    private static readonly TimeSpan TriedEvery = TimeSpan.FromSeconds(1);

    private readonly string _directory;
    private readonly Readiness _readiness;
    private readonly ILogger _logger;
    private readonly ITimer _timer;

    /// <param name="directory">On the disk.</param>
    /// <param name="clock">Measures the seconds between two looks at the disk.</param>
    public DiskSpace(string directory, TimeProvider clock, Readiness readiness, ILogger logger)
    {
        (_directory, _readiness, _logger) = (directory, readiness, logger);
        _timer = clock.CreateTimer(_ => Try(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (!HasRoom())
            RanOut();
    }

    /// <summary>A write found no room. Called by one thread at a time.</summary>
    public void RanOut()
    {
        if (_readiness.DiskIsFull)
            return;
        _readiness.DiskIsFull = true;
        Log.Full(_logger, _directory);
        TryLater();
    }

    public void Dispose() => _timer.Dispose();

    private void Try()
    {
        if (!HasRoom())
        {
            TryLater();
            return;
        }

        Log.HasRoom(_logger, _directory);
        _readiness.DiskIsFull = false;
    }

    private void TryLater() => _timer.Change(TriedEvery, Timeout.InfiniteTimeSpan);

    /// <summary>Takes the room and gives it back.</summary>
    /// <remarks>Free blocks may be reserved for root (statvfs(3)), and a quota is not counted.</remarks>
    private bool HasRoom()
    {
        try
        {
            var path = Path.Combine(_directory, "skald.room");
            var atOnce = OperatingSystem.IsLinux() ? 0 : Enough;
            using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose, atOnce);
            return DiskBlocks.TryTake(file, Enough);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return OperatingSystem.IsLinux() && !FullDisk.IsNumber(e.HResult);   // another fault is another's to tell
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            5002, LogLevel.Error, "The disk of {Directory} is full: nothing is stored until there is room on it, and all reading goes on")]
        public static partial void Full(ILogger logger, string directory);

        [LoggerMessage(5004, LogLevel.Information, "There is room on the disk of {Directory} again: everything is stored")]
        public static partial void HasRoom(ILogger logger, string directory);
    }
}
