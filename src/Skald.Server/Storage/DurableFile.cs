using System.Runtime.InteropServices;

namespace Skald.Server.Storage;

/// <summary>Files of the data directory, and copies of them: nobody else's to read, and on disk with their names.</summary>
internal static class DurableFile
{
    /// <summary>A new file that may hold password hashes: mode 0600.</summary>
    public static FileStream CreatePrivate(string file)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return File.Open(file, options);
    }

    /// <summary>A new name is on disk when its directory is.</summary>
    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        const int ReadOnly = 0;
        var directory = Open(path, ReadOnly);
        var synced = directory >= 0 && Sync(directory) == 0;
        var error = Marshal.GetLastPInvokeError();
        if (directory >= 0)
            _ = Close(directory);
        if (!synced)
            throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

#pragma warning disable SYSLIB1054 // Three calls that are made once.
    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sync(int file);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int file);
#pragma warning restore SYSLIB1054
}
