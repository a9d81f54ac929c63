using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Database;
using Skald.Server.Operations;
using Skald.Server.Storage.Sqlite;

namespace Skald;

/// <summary>
/// <c>skald users</c>: what the operator does with accounts. On SQLite no server runs on the directory meanwhile, since one process at
/// a time writes there; on PostgreSQL servers find within a second what it has changed.
/// </summary>
internal static class UsersCommand
{
    public static async Task ListAsync(string data)
    {
        await using var skald = Open(data);
        foreach (var account in await Store(skald).ListAccountsAsync())
        {
            var state = account.IsActive ? "active" : $"disabled {account.DisabledAt}";
            Console.WriteLine($"{account.Id}\t{account.Username}\t{account.Email}\t{account.CreatedAt}\t{state}");
        }
    }

    public static async Task CreateAsync(string data, string name, string email)
    {
        if (!Username.IsValid(name))
            throw new CommandRefusedException(
                $"{name} cannot be a name. Choose one of 1–{Username.MaxLength} ASCII letters, digits and @ . + - _");
        if (email.Length > 0 && !EmailAddress.IsValid(email))
            throw new CommandRefusedException($"{email} is no e-mail address. Correct it, or leave --email out.");
        await using var skald = Open(data, isNew: true);
        if (await Store(skald).FindAccountAsync(name) is not null)
            throw Taken(name);
        var account = await Store(skald).CreateAccountAsync(name, email, ReadPassword(skald), Now) ?? throw Taken(name);
        Console.WriteLine($"{account.Username} is there, with the id {account.Id}.");
    }

    public static async Task ResetAsync(string data, string name)
    {
        await using var skald = Open(data);
        var account = await FindAsync(skald, name);
        var ended = await Store(skald).ResetPasswordAsync(account.Id, ReadPassword(skald), Now);
        Console.WriteLine($"{account.Username} has another password. Sessions ended: {ended!.Count}.");
    }

    public static async Task SetDisabledAsync(string data, string name, bool disabled)
    {
        await using var skald = Open(data);
        var account = await FindAsync(skald, name);
        var ended = await Store(skald).SetDisabledAsync(account.Id, disabled, Now)
            ?? throw new CommandRefusedException($"{account.Username} is {(disabled ? "disabled" : "enabled")} already.");
        Console.WriteLine(disabled
            ? $"{account.Username} is disabled. Sessions ended: {ended.Count}."
            : $"{account.Username} may log in again.");
    }

    private static Timestamp Now => Timestamp.From(TimeProvider.System.GetUtcNow());

    private static AccountStore Store(WebApplication skald) => skald.Services.GetRequiredService<AccountStore>();

    private static CommandRefusedException Taken(string name) =>
        new($"There is a user {name} already; case makes no difference. Choose another name.");

    private static async Task<Account> FindAsync(WebApplication skald, string name) =>
        await Store(skald).FindAccountAsync(name)
            ?? throw new CommandRefusedException($"There is no user {name}. skald users list shows all.");

    /// <summary>The server with its settings, which is not started: it holds the database, and listens nowhere.</summary>
    private static WebApplication Open(string data, bool isNew = false)
    {
        var builder = WebApplication.CreateBuilder([SkaldDefaults.NoReload, $"--Data={data}"]);
        if (!isNew && !StorageOptions.IsPostgres(builder.Configuration) && !File.Exists(Path.Combine(data, SqliteFile.Name)))
            throw new CommandRefusedException(
                $"There is no database in {Path.GetFullPath(data)}. Name the server's data directory with --data DIR.");
        builder.AddSkaldDefaults();
        builder.Logging.ClearProviders();
        builder.AddSkald();
        return builder.Build();
    }

    /// <returns>Its hash.</returns>
    private static string ReadPassword(WebApplication skald)
    {
        var options = skald.Services.GetRequiredService<IOptions<AccountsOptions>>().Value;
        var password = Console.IsInputRedirected ? Console.In.ReadLine() ?? "" : Ask();
        return PasswordRule.CheckNew(password, options) is { } problem
            ? throw new CommandRefusedException($"The password will not do. {problem}")
            : PasswordHash.Create(password, options.PasswordIterations).ToString();
    }

    /// <summary>Reads a line that is not shown.</summary>
    private static string Ask()
    {
        Console.Error.Write("Password: ");
        var typed = new List<char>();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.Key == ConsoleKey.Backspace && typed.Count > 0)
                typed.RemoveAt(typed.Count - 1);
            else if (!char.IsControl(key.KeyChar))
                typed.Add(key.KeyChar);
        }

        Console.Error.WriteLine();
        return new string([.. typed]);
    }
}
