using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Skald.Server.Operations;

/// <summary>
/// What this process runs on: said at start and on the operator's port, since an old library is a hole that no update of Skald closes
///
/// </summary>
internal sealed partial class Libraries(IEnumerable<Library> all, ILogger<Libraries> logger) : IHostedService
{
    public IReadOnlyDictionary<string, string> Versions { get; } = all.ToDictionary(
        library => library.Name, library => library.Version, StringComparer.Ordinal);

    /// <summary>
    /// OpenSSL, which makes and checks tokens, passwords and TLS; where the system has its own cryptography, that is updated with it.
    /// </summary>
    public static Library Cryptography { get; } = OperatingSystem.IsLinux()
        ? new("OpenSSL", Dotted(SafeEvpPKeyHandle.OpenSslVersion))
        : new("System", RuntimeInformation.OSDescription);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        Log.RunsOn(
            logger,
            RuntimeInformation.FrameworkDescription,
            string.Join(", ", Versions.Select(library => $"{library.Key} {library.Value}")));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <remarks>0xMNN00PP0 from 3 on, 0xMNNFFPPS before (docs.openssl.org, OpenSSL_version_num).</remarks>
    private static string Dotted(long version) =>
        $"{version >> 28}.{(version >> 20) & 0xFF}.{(version >> 28 >= 3 ? version >> 4 : version >> 12) & 0xFF}";

    private static partial class Log
    {
        [LoggerMessage(104, LogLevel.Information, "On {Runtime}, with {Libraries}")]
        public static partial void RunsOn(ILogger logger, string runtime, string libraries);
    }
}

/// <param name="Name">As its makers call it.</param>
/// <param name="Version">As they count.</param>
internal sealed record Library(string Name, string Version);
