using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Skald.Protocol;
using Skald.Server.Operations;

namespace Skald.Server.Identity;

/// <summary>
/// <c>signing-keys.json</c> in the data directory, mode 0600, made at first start. To change keys put a new one first in its list and
/// start again; take the old one out a day later. Several nodes: <see cref="SharedKeys"/>.
/// </summary>
internal sealed partial class KeyFile(string path, TimeProvider clock, ILogger<KeyFile> logger)
{
    public const string Name = "signing-keys.json";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>For another server that makes the file.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        WriteIndented = true,
    };

    /// <exception cref="StartupRefusedException">The file cannot be read, or holds what is no key.</exception>
    public KeyRing Open()
    {
        if (!File.Exists(path))
            Create();
        else
            Tighten();
        return Read();
    }

    private KeyRing Read()
    {
        try
        {
            var keys = JsonSerializer.Deserialize<Keys>(File.ReadAllBytes(path), Format) ?? throw new JsonException("The file is null.");
            if (keys.Access.Length == 0 || keys.Refresh.Length == 0)
                throw new JsonException("A list is empty.");
            if (keys.Access.DistinctBy(k => k.Kid, StringComparer.Ordinal).Count() < keys.Access.Length)
                throw new JsonException("Two keys have the same kid.");
            return new KeyRing(
                [.. keys.Access.Select(k => (k.Kid, KeyRing.Decode(k.Key, Origin(k))))],
                [.. keys.Refresh.Select(k => KeyRing.Decode(k.Key, Origin(k)))]);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new StartupRefusedException(
                $"The key file {path} cannot be read: {e.Message} Restore it from a backup; or delete it, which signs every user out.", e);
        }
    }

    /// <remarks>
    /// Written beside and then renamed, so that a crash leaves no half a file. Of nodes that start on one directory one makes it: a rename
    /// of .NET's replaces what came to be there in the meantime, so that takes a lock.
    /// </remarks>
    private void Create()
    {
        var directory = Path.GetDirectoryName(path)!;
        var beside = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
            options.UnixCreateMode = OwnerOnly;
        }

        try
        {
            using var alone = Lock();
            if (File.Exists(path))
                return;
            File.Delete(beside);
            using (var file = new FileStream(beside, options))
            {
                JsonSerializer.Serialize(file, new Keys([NewKey()], [NewKey()]), Format);
                file.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: false);
        }
        catch (IOException e) when (FullDisk.IsNumber(e.HResult))
        {
            File.Delete(beside);
            throw new StartupRefusedException(FullDisk.Sentence(directory), e);
        }

        Log.Created(logger, path);
    }

    /// <summary>Waits for the lock on the making of the file.</summary>
    private FileStream Lock()
    {
        FileStream? held = null;
        return SpinWait.SpinUntil(() => (held = TryLock()) is not null, LongestWait)
            ? held!
            : throw new StartupRefusedException(
                $"Another server is making {path}, and does not come to its end. Start again when it has ended.");
    }

    private FileStream? TryLock()
    {
        try
        {
            return new FileStream(
                path + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        }
        catch (IOException e) when (!FullDisk.IsNumber(e.HResult))
        {
            return null;
        }
    }

    private void Tighten()
    {
        if (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & ~OwnerOnly) == UnixFileMode.None)
            return;
        File.SetUnixFileMode(path, OwnerOnly);
        Log.Tightened(logger, path);
    }

    private StoredKey NewKey() => new(
        Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(9)),
        Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyRing.MinKeyBytes)),
        Timestamp.From(clock.GetUtcNow()).ToString());

    private string Origin(StoredKey key) => $"The key {key.Kid} in {path}";

    private sealed record Keys(StoredKey[] Access, StoredKey[] Refresh);

    /// <summary>The key in base64. When it was made is for the operator; no code reads it.</summary>
    private sealed record StoredKey(string Kid, string Key, string CreatedAt);

    private static partial class Log
    {
        [LoggerMessage(1000, LogLevel.Information, "Made new signing keys: {Path}")]
        public static partial void Created(ILogger logger, string path);

        [LoggerMessage(
            1001, LogLevel.Warning,
            "Others could read {Path}: now only its owner can. If they may have, delete it, which signs every user out")]
        public static partial void Tightened(ILogger logger, string path);
    }
}
