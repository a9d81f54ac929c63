using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Skald.Server.Database;
using Skald.Server.Operations;

namespace Skald.Server;

/// <summary>Says in a sentence why a server does not start, where its operator can change that.</summary>
internal static class StartupRefusal
{
    /// <summary>The log of the host, which the program on its own keeps quiet about a start that failed.</summary>
    private const string More = "--Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host Error";

    /// <summary>Tells the operator.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> SayAsync(string why)
    {
        await Console.Error.WriteLineAsync($"Skald does not start. {why}");
        return 1;
    }

    /// <param name="configuration">What was set; null where it could not be read.</param>
    /// <returns>A sentence; null for what is a fault of the program, whose stack trace is wanted.</returns>
    public static string? Sentence(Exception fault, IConfiguration? configuration) => fault switch
    {
        StartupRefusedException => fault.Message,
        StorageException { Remedy: { } remedy } => remedy,
        OptionsValidationException refused => string.Join(' ', refused.Failures),
        AggregateException many
            when many.InnerExceptions.Select(one => Sentence(one, configuration)).ToArray() is var all
                && Array.TrueForAll(all, one => one is not null) =>
            string.Join(' ', all.Distinct(StringComparer.Ordinal)),
        IOException { InnerException: AddressInUseException } => $"{fault.Message} Stop what uses it, or choose another with --urls.",
        // Localhost, tried as IPv4 and as IPv6.
        IOException { InnerException: AggregateException { InnerExceptions: [StartupRefusedException refused, ..] } } => refused.Message,
        DirectoryNotFoundException => $"There is no directory {fault.Message.TrimEnd('.')}: --contentRoot, or another setting, names it.",
        IOException or InvalidDataException or UnauthorizedAccessException or SocketException or CryptographicException
            or FormatException or ArgumentException or InvalidOperationException or NotSupportedException =>
            (configuration is null ? null : ListenAddress.Faults(configuration).Concat(LogLevelFaults(configuration)).FirstOrDefault())
                ?? $"{Chain(fault)} Correct that setting or that file. More is said with {More}.",
        _ => null,
    };

    /// <summary>
    /// The levels below <c>Logging:LogLevel</c> and <c>Logging:PROVIDER:LogLevel</c> that are none: the framework names the value
    /// alone.
    /// </summary>
    private static IEnumerable<string> LogLevelFaults(IConfiguration configuration)
    {
        var logging = configuration.GetSection("Logging");
        return logging.GetChildren().Select(provider => provider.GetSection("LogLevel")).Prepend(logging.GetSection("LogLevel"))
            .SelectMany(levels => levels.GetChildren())
            .Where(level => level.Value is { } value && !Enum.TryParse<LogLevel>(value, ignoreCase: true, out _))
            .Select(level => $"{level.Path} is \"{level.Value}\". Write Trace, Debug, Information, Warning, Error, Critical or None.");
    }

    /// <summary>What each says that caused the other: the file, and the line in it.</summary>
    private static string Chain(Exception fault)
    {
        var said = new List<string>();
        for (var e = fault; e is not null; e = e.InnerException)
        {
            var first = e.Message.ReplaceLineEndings("\n").Split('\n')[0].TrimEnd('.');
            if (!said.Exists(one => one.Contains(first, StringComparison.Ordinal)))
                said.Add(first);
        }

        return string.Join(". ", said) + ".";
    }
}
