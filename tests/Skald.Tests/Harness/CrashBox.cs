using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Skald.Tests.Harness;

/// <summary>
/// A file system of its own, in a file, that can lose its power: what was not synced is gone, as on a machine whose plug is pulled.
/// </summary>
/// <remarks>
/// ext4's shutdown without a flush of its log drops every dirty page and ends the journal where it was; needs root and loop devices.
/// </remarks>
internal sealed class CrashBox : IDisposable
{
    private readonly string _base = TestData.NewDirectory();
    private readonly string _mount;
    private readonly string _image;

    /// <param name="blockSize">Bytes of a block of the file system.</param>
    public CrashBox(int mebibytes, int blockSize = 1_024)
    {
        (_mount, _image) = (Path.Combine(_base, "mount"), Path.Combine(_base, "disk.img"));
        Directory.CreateDirectory(_mount);
        using (var image = File.Create(_image))
            image.SetLength(mebibytes * 1024L * 1024);
        Run("mkfs.ext4", "-q", "-b", blockSize.ToString(CultureInfo.InvariantCulture), _image);
        Mount();
    }

    /// <summary>Why there can be no such box here; null where there can.</summary>
    public static string? WhyNot =>
        !OperatingSystem.IsLinux() ? "A crash box needs Linux."
        : !Environment.IsPrivilegedProcess ? "A crash box needs root: it mounts a file system."
        : !File.Exists("/dev/loop-control") ? "A crash box needs loop devices."
        : null;

    /// <summary>The file system's root.</summary>
    public string Root => _mount;

    /// <summary>A directory for a server's data.</summary>
    public string Data => Path.Combine(_mount, "data");

    /// <summary>Pulls the plug: from here on nothing reaches the disk, and every write fails.</summary>
    public void Cut()
    {
        const uint Shutdown = 0x8004587d;   // EXT4_IOC_SHUTDOWN
        // CloseOnExec, or a process that another test starts meanwhile keeps the mount busy.
        const int DirectoryOnly = 0x10000, CloseOnExec = 0x80000;
        var withoutLogFlush = 2;
        var directory = Open(_mount, DirectoryOnly | CloseOnExec);
        Assert.True(directory >= 0, "The crash box cannot be opened.");
        Assert.Equal(0, Ioctl(directory, Shutdown, ref withoutLogFlush));
        _ = Close(directory);
    }

    /// <summary>Power again: the file system replays its journal. No process may keep a file open there.</summary>
    /// <remarks>One that is being started has this process's files until it executes its program: for so long the mount is busy.</remarks>
    public async Task PowerOnAsync()
    {
        await Deadline.UntilAsync(() => ErrorOf("umount", _mount).Length == 0, "the file system is not busy any more");
        Mount();
    }

    /// <summary>Takes all that is free, to the last block.</summary>
    /// <returns>A file: delete it, and there is space again.</returns>
    public string Fill()
    {
        var ballast = Path.Combine(_mount, "ballast");
        using var file = File.OpenHandle(ballast, FileMode.Create, FileAccess.Write);
        var length = 0L;
        foreach (var size in new[] { 64 * 1024, 4 * 1024, 1024 })
        {
            try
            {
                for (var block = new byte[size]; ; length += size)
                {
                    RandomAccess.Write(file, block, length);
                    RandomAccess.FlushToDisk(file);
                }
            }
            catch (IOException)
            {
                // Less than that is left.
            }
        }

        return ballast;
    }

    public void Dispose()
    {
        Run("umount", "-l", _mount);
        Directory.Delete(_base, recursive: true);
    }

    private void Mount() => Run("mount", "-o", "loop", _image, _mount);

    private static void Run(string command, params string[] arguments) => Assert.Equal("", ErrorOf(command, arguments));

    /// <returns>What a command that failed said; empty where it did what it should.</returns>
    private static string ErrorOf(string command, params string[] arguments)
    {
        using var process =
            Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? "" : $"{command} ({process.ExitCode}): {error}";
    }

#pragma warning disable SYSLIB1054 // Three calls of a test.
    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int file);

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Ioctl(int file, nuint request, ref int argument);
#pragma warning restore SYSLIB1054
}
