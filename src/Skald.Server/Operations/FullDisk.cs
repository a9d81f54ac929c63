namespace Skald.Server.Operations;

/// <summary>The operating system's error numbers for a full disk, and the sentence for the operator.</summary>
internal static class FullDisk
{
    /// <summary>ENOSPC; EDQUOT, of Linux and of macOS; ERROR_DISK_FULL.</summary>
    private const int NoSpace = 28, OverQuota = 122, OverQuotaOnMac = 69, DiskFull = unchecked((int)0x80070070);

    /// <param name="number">An errno, or the <c>HResult</c> of an <see cref="IOException"/>, which holds one.</param>
    public static bool IsNumber(int number) => number is NoSpace or OverQuota or OverQuotaOnMac or DiskFull;

    public static string Sentence(string directory) =>
        $"The disk of {Path.GetFullPath(directory)} is full. Make room on it, or choose another directory with --data DIR.";
}
