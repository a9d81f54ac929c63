using System.Reflection;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.Operations;
using Skald.Server.Storage;
using Skald.Server.Storage.Sqlite;

namespace Skald;

/// <summary>
/// What the program does besides serving. Commands take their options as words, and the data directory from wherever the server does.
/// </summary>
internal static class CommandLine
{
    private const int Failed = 1, Misused = 2;

    private const string
        Data = "--data",
        To = "--to",
        From = "--from",
        Erased = "--erased",
        Overwrite = "--overwrite",
        Email = "--email",
        Table = "--table",
        DryRun = "--dry-run";

    /// <returns>The exit code; null where the arguments ask for no command: then the program serves.</returns>
    public static async Task<int?> RunAsync(string[] args)
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
                Console.WriteLine(
                    typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);
                return 0;
            case ["backup", .. var options]:
                return await RunAsync("backup", [To], [], [Overwrite], options, Directly(BackUp));
            case ["restore", .. var options]:
                return await RunAsync("restore", [From], [Erased], [], options, Directly(Restore));
            case ["import-django", .. var options]:
                return await RunAsync("import-django", [From], [Table], [DryRun], options, Directly(ImportDjango));
            case ["copy", .. var options]:
                return await RunAsync(
                    "copy", [From, To], [], [], options, (_, given) => CopyCommand.RunAsync(given[From], given[To]), ofData: false);
            case ["users", "list", .. var options]:
                return await RunAsync("users list", [], [], [], options, (data, _) => UsersCommand.ListAsync(data));
            case ["users", "create", var name, .. var options] when !name.StartsWith("--", StringComparison.Ordinal):
                return await RunAsync(
                    "users create",
                    [],
                    [Email],
                    [],
                    options,
                    (data, given) => UsersCommand.CreateAsync(data, name, given.GetValueOrDefault(Email, "")));
            case ["users", "reset", var name, .. var options] when !name.StartsWith("--", StringComparison.Ordinal):
                return await RunAsync("users reset", [], [], [], options, (data, _) => UsersCommand.ResetAsync(data, name));
            case ["users", "disable" or "enable", var name, .. var options] when !name.StartsWith("--", StringComparison.Ordinal):
                return await RunAsync(
                    $"users {args[1]}", [], [], [], options, (data, _) => UsersCommand.SetDisabledAsync(data, name, args[1] == "disable"));
            case ["users", ..]:
                Console.Error.WriteLine($"skald users: say list, or create, reset, disable or enable with a NAME.\n\n{Usage.Commands}");
                return Misused;
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
        var now = Timestamp.From(TimeProvider.System.GetUtcNow());
        var (epoch, erased) = SqliteBackup.Restore(options[From], data, options.GetValueOrDefault(Erased), now);
        Console.WriteLine(
            $"{Path.GetFullPath(data)} is restored from {Path.GetFullPath(options[From])}, with the new epoch {epoch}. " +
            "Every session has ended: users log in again.");
        Console.WriteLine(erased is { } messages
            ? $"{messages:N0} messages that were deleted after the backup are erased again."
            : $"There was no {ErasureJournal.Name}: messages that were deleted after the backup are there again. " +
              "Restore with that of the database which is replaced (--erased FILE), and they are not.");
    }

    private static void ImportDjango(string data, Dictionary<string, string> options)
    {
        using var source = new DjangoDatabase(Path.GetFullPath(options[From]), options.GetValueOrDefault(Table));
        var import = new DjangoImport(source, Console.WriteLine);
        if (options.ContainsKey(DryRun))
            import.Plan();
        else
            import.Run(data, Timestamp.From(TimeProvider.System.GetUtcNow()));
    }

    /// <summary>For what knows SQLite's files only.</summary>
    private static Func<string, Dictionary<string, string>, Task> Directly(Action<string, Dictionary<string, string>> run) =>
        (data, options) =>
    {
        if (StorageOptions.IsPostgres(WebApplication.CreateSlimBuilder().Configuration))
            throw new CommandRefusedException(
                $"{StorageOptions.EngineSetting} is {StorageOptions.PostgreSql}, and this is for SQLite's file. PostgreSQL's own pg_dump and pg_restore do it there: docs/operations.md says how.");
        run(data, options);
        return Task.CompletedTask;
    };

    /// <param name="required">The options it cannot do without.</param>
    /// <param name="optional">Options with a value, besides <c>--data</c>.</param>
    /// <param name="flags">Options without a value.</param>
    /// <param name="args">What stands behind its name.</param>
    /// <param name="run">Takes the data directory and the options.</param>
    /// <param name="ofData">Whether it is about the data directory, and takes <c>--data</c>.</param>
    private static async Task<int> RunAsync(
        string command, string[] required, string[] optional, string[] flags, string[] args, Func<string, Dictionary<string, string>,
        Task> run, bool ofData = true)
    {
        string[] valued = ofData ? [.. required, .. optional, Data] : [.. required, .. optional];
        if (!TryRead(required, valued, flags, args, out var options, out var wrong))
        {
            Console.Error.WriteLine($"skald {command}: {wrong}.\n\n{Usage.Commands}");
            return Misused;
        }

        var data = options.GetValueOrDefault(Data)
            ?? WebApplication.CreateSlimBuilder().Configuration[DataOptions.Setting] ?? new DataOptions().Directory;
        try
        {
            await run(data, options);
            return 0;
        }
        catch (StorageException e)
        {
            Console.Error.WriteLine($"skald {command}: {e.Remedy ?? e.Error.Detail}");
            return Failed;
        }
        catch (Exception e) when (e is CommandRefusedException or StartupRefusedException or OptionsValidationException)
        {
            Console.Error.WriteLine($"skald {command}: {e.Message}");
            return Failed;
        }
    }

    private static bool TryRead(
        string[] required, string[] valued, string[] flags, string[] args, out Dictionary<string, string> options, out string wrong)
    {
        (options, wrong) = (new(StringComparer.OrdinalIgnoreCase), "");
        for (var i = 0; i < args.Length; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var left, var right] ? (left, right) : (args[i], "");
            if (flags.Contains(name, StringComparer.OrdinalIgnoreCase))
                value = name;
            else if (!valued.Contains(name, StringComparer.OrdinalIgnoreCase))
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

        var given = options;
        if (Array.Find(required, name => !given.ContainsKey(name)) is { } missing)
            wrong = $"{missing} is missing";
        return wrong.Length == 0;
    }
}
