using System.ComponentModel.DataAnnotations;

namespace Skald.Server.Database;

/// <summary>Which engine keeps users, sessions, rooms and their logs.</summary>
public sealed class StorageOptions : IValidatableObject
{
    internal const string
        EngineSetting = "Storage:Engine",
        PostgresSetting = "Storage:Postgres",
        Sqlite = "sqlite",
        PostgreSql = "postgres";

    /// <summary><c>sqlite</c>, a file in the data directory; or <c>postgres</c>, a database of a PostgreSQL server.</summary>
    [Required]
    public string Engine { get; set; } = Sqlite;

    /// <summary>
    /// The connection string of that database: <c>Host=…;Database=…;Username=…;Password=…</c>. It may hold a password: a file or the
    /// environment is the place for it, since a command line is seen by everybody on the machine.
    /// </summary>
    public string Postgres { get; set; } = "";

    internal bool IsPostgreSql => Is(Engine, PostgreSql);

    /// <summary>Which services are added depends on it, so it is asked before there are options.</summary>
    internal static bool IsPostgres(IConfiguration configuration) => Is(configuration[EngineSetting], PostgreSql);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Is(Engine, Sqlite) && !Is(Engine, PostgreSql))
            yield return new($"{EngineSetting} is \"{Engine}\". Write {Sqlite} or {PostgreSql}.");
        if (Is(Engine, PostgreSql) && Postgres.Length == 0)
            yield return new(
                $"{EngineSetting} is {PostgreSql}, and {PostgresSetting} is empty. Write there Host=…;Database=…;Username=…;Password=….");
        if (Is(Engine, Sqlite) && Postgres.Length > 0)
            yield return new($"{PostgresSetting} is set, and {EngineSetting} is {Sqlite}. Set it to {PostgreSql}, or leave the other out.");
    }

    private static bool Is(string? engine, string name) => string.Equals(engine?.Trim(), name, StringComparison.OrdinalIgnoreCase);
}
