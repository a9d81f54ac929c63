using System.Reflection;
using Skald.Protocol;
using Skald.Server.Operations;
using Skald.Server.Storage.Sqlite;

namespace Skald;

/// <summary>What the program does besides serving. Commands take their options as words, and the data directory from wherever the server does.</summary>
internal static class CommandLine
{
    private const int Failed = 1, Misused = 2;

    private const string Data = "--data", To = "--to", From = "--from", Overwrite = "--overwrite";

    /// <returns>The exit code; null where the arguments ask for no command: then the program serves.</returns>
    public static int? Run(string[] args)
    {
        switch (args)
        {
            case ["--help" or "-h" or "help", "settings"]:
                Console.WriteLine(Usage.Settings());
                return 0;
            case ["--help" or "-h" or "help", ..] or [.., "--help" or "-h"]:
                Console.WriteLine(Usage.Text());
                return 0;
            case ["--version", ..]:
                Console.WriteLine(typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);
                return 0;
            case ["backup", .. var options]:
                return Run("backup", To, [Overwrite], options, BackUp);
            case ["restore", .. var options]:
                return Run("restore", From, [], options, Restore);
            case [var word, ..] when !word.StartsWith('-') && !word.Contains('=', StringComparison.Ordinal):
                Console.Error.WriteLine($"There is no command {word}.\n\n{Usage.Commands}");
                return Misused;
            default:
                if (WrongOption(args) is not { } wrong)
                    return null;
                Console.Error.WriteLine($"Skald does not start. {wrong}");
                return Misused;
        }
    }

    /// <summary>What the server's options hold that it would not understand, and would start without.</summary>
    /// <returns>A sentence, or null.</returns>
    private static string? WrongOption(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            var (written, value) = args[i].Split('=', 2) is [var left, var right] ? (left, right) : (args[i], null);
            var name = written.StartsWith("--", StringComparison.Ordinal) ? written[2..] : written.TrimStart('-');
            if (value is null && !written.StartsWith('-'))
                return $"\"{args[i]}\" stands alone: write --SETTING in front of a value, and quotes around one with blanks.";
            if ((written.StartsWith('-') && !written.StartsWith("--", StringComparison.Ordinal)) || !KnownSettings.Has(name))
                return $"There is no option {written}. {KnownSettings.Hint(name)}";
            if (value is null && (i + 1 == args.Length || args[++i].StartsWith("--", StringComparison.Ordinal)))
                return $"{written} needs a value behind it.";
        }

        return null;
    }

    private static void BackUp(string data, Dictionary<string, string> options)
    {
        var begun = Timestamp.From(TimeProvider.System.GetUtcNow());
        SqliteBackup.Make(data, options[To], options.ContainsKey(Overwrite));
        Console.WriteLine($"{Path.GetFullPath(options[To])} holds everything that was acknowledged before {begun}, and is sound. The signing keys are not in it.");
    }

    private static void Restore(string data, Dictionary<string, string> options)
    {
        var epoch = SqliteBackup.Restore(options[From], data, Timestamp.From(TimeProvider.System.GetUtcNow()));
        Console.WriteLine($"{Path.GetFullPath(data)} is restored from {Path.GetFullPath(options[From])}, with the new epoch {epoch}. Every session has ended: users log in again.");
    }

    /// <param name="command">Its name.</param>
    /// <param name="file">The option it cannot do without.</param>
    /// <param name="flags">Options without a value.</param>
    /// <param name="args">What stands behind its name.</param>
    /// <param name="run">Takes the data directory and the options.</param>
    private static int Run(string command, string file, string[] flags, string[] args, Action<string, Dictionary<string, string>> run)
    {
        if (!TryRead(file, flags, args, out var options, out var wrong))
        {
            Console.Error.WriteLine($"skald {command}: {wrong}.\n\n{Usage.Commands}");
            return Misused;
        }

        try
        {
            var data = options.GetValueOrDefault(Data) ?? WebApplication.CreateSlimBuilder().Configuration[DataOptions.Setting] ?? new DataOptions().Directory;
            run(data, options);
            return 0;
        }
        catch (Exception e) when (e is BackupRefusedException or StartupRefusedException)
        {
            Console.Error.WriteLine($"skald {command}: {e.Message}");
            return Failed;
        }
    }

    private static bool TryRead(string file, string[] flags, string[] args, out Dictionary<string, string> options, out string wrong)
    {
        (options, wrong) = (new(StringComparer.OrdinalIgnoreCase), "");
        for (var i = 0; i < args.Length; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var left, var right] ? (left, right) : (args[i], "");
            if (flags.Contains(name, StringComparer.OrdinalIgnoreCase))
                value = name;
            else if (!name.Equals(file, StringComparison.OrdinalIgnoreCase) && !name.Equals(Data, StringComparison.OrdinalIgnoreCase))
                wrong = $"{args[i]} is no option of it";
            else if (value.Length == 0 && i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal))
                value = args[++i];
            else if (value.Length == 0)
                wrong = $"{name} needs a value behind it";
            if (wrong.Length > 0)
                return false;
            if (options.TryAdd(name, value))
                continue;
            wrong = $"{name} is there twice";
            return false;
        }

        if (!options.ContainsKey(file))
            wrong = $"{file} FILE is missing";
        return wrong.Length == 0;
    }
}
