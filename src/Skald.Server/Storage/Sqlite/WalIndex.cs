using Microsoft.Win32.SafeHandles;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Sqlite;

/// <summary>
/// Holds room on the disk for the index of the WAL, <c>-shm</c>: SQLite maps that file, and a process that touches a page of it for
/// which the disk has no block is killed (SIGBUS).
/// </summary>
/// <remarks>
/// The process that opens the database first truncates the file, and writes one byte of every 4 KiB that it needs. Where blocks are
/// smaller than that the rest are holes. So the room is taken before, where there may be none, and once more after: what SQLite gave
/// back lies free for so long only.
/// </remarks>
internal sealed class WalIndex : IDisposable
{
    /// <summary>Bytes of the index for each 4,096 pages, or 16 MB, of WAL.</summary>
    private const long Region = 32 * 1024;

    /// <summary>What is taken where there is room: for a WAL of 256 MB, or for one of less and what the file system itself needs.</summary>
    private const long Wanted = 16 * Region;

    private readonly string _path;
    private readonly long _needed;
    private readonly SafeFileHandle? _file;

    /// <param name="database">
    /// Not open yet in this process, and closed before this is: when a process closes any handle of a file it loses all its locks on it
    /// (fcntl(2)).
    /// </param>
    /// <exception cref="StartupRefusedException">There is no room.</exception>
    public WalIndex(string database)
    {
        _path = database + "-shm";
        const long PagesOfRegion = 4_096, PageInWal = 4_096 + 24;
        _needed = ((new FileInfo(database + "-wal") is { Exists: true } wal ? wal.Length : 0) / PageInWal / PagesOfRegion + 1) * Region;
        if (!OperatingSystem.IsLinux())
            return;
        var isNew = !File.Exists(_path);
        try
        {
            _file = File.OpenHandle(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            if (isNew)
                File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // SQLite will report any other error.
            if (FullDisk.IsNumber(e.HResult))
                throw new StartupRefusedException(FullDisk.Sentence(Path.GetDirectoryName(_path)!), e);
            return;
        }

        try
        {
            // The second time the same room is in pieces, and takes a little more.
            Take(_needed + Region);
        }
        catch
        {
            _file.Dispose();
            if (isNew)
                File.Delete(_path);
            throw;
        }
    }

    /// <summary>SQLite has the file: takes the room again.</summary>
    /// <exception cref="StartupRefusedException">There is none.</exception>
    public void TakeAgain() => Take(_needed);

    /// <summary>Takes what can be had of what is wanted, whatever of it is taken already. What the file holds stays.</summary>
    private void Take(long least)
    {
        if (_file is null || DiskBlocks.TryTake(_file, Math.Max(Wanted, least)))
            return;
        // What SQLite has just given back is free when the file system has committed that to its journal.
        RandomAccess.FlushToDisk(_file);
        for (var bytes = Math.Max(Wanted, least); !DiskBlocks.TryTake(_file, bytes); bytes = Math.Max(bytes / 2, least))
        {
            if (bytes == least)
                throw new StartupRefusedException(FullDisk.Sentence(Path.GetDirectoryName(_path)!));
        }
    }

    public void Dispose() => _file?.Dispose();
}
