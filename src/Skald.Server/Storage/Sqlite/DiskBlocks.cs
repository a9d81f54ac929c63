using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Sqlite;

/// <summary>Takes room on a disk before it is written to.</summary>
internal static class DiskBlocks
{
    /// <summary>Has the file system keep room for the first bytes of a file, which becomes as long as that. What it holds stays.</summary>
    /// <returns>False where there is no room. On a file system that cannot do it, and elsewhere than on Linux, nothing is kept.</returns>
    public static bool TryTake(SafeFileHandle file, long bytes) =>
        !OperatingSystem.IsLinux() || Allocate(file, mode: 0, 0, bytes) == 0 || !FullDisk.IsNumber(Marshal.GetLastPInvokeError());

#pragma warning disable SYSLIB1054 // One call, made a few times a start and once a second on a full disk.
    [DllImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Allocate(SafeFileHandle file, int mode, long offset, long length);
#pragma warning restore SYSLIB1054
}
