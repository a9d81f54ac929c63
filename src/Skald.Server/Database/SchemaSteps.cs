using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using Skald.Server.Operations;

namespace Skald.Server.Database;

/// <summary>
/// The numbered SQL files of an engine, embedded from the folder <c>Schema</c> beside it: <c>0001-first.sql</c> makes a database, and
/// each other one changes what those before it made.
/// </summary>
/// <remarks>
/// Which of them a database has had is the table <c>server</c>'s to say: <c>0001</c> makes it, with <c>id</c>, <c>epoch</c> and
/// <c>schema_version</c>.
/// </remarks>
/// <param name="engine">A class of the engine: the folder is found by its namespace.</param>
/// <param name="otherwise">What an operator can do who has no newer program, as a command: "choose another directory with …".</param>
internal sealed class SchemaSteps(Type engine, string otherwise)
{
    private readonly (int Version, string Resource)[] _steps = Find(engine, $"{engine.Namespace}.Schema.");

    /// <summary>The version that a database has once it is opened.</summary>
    public int Newest => _steps[^1].Version;

    /// <summary>The SQL that leads from a version to the newest one: for one transaction, beside which no other begins the same.</summary>
    /// <param name="version">The database's; 0 for an empty one, which gets an epoch too.</param>
    /// <param name="database">Its file or its name, for the operator.</param>
    /// <returns>Nothing where the database has the newest version.</returns>
    /// <exception cref="StartupRefusedException">A newer program has changed it: what this one would write there may be wrong.</exception>
    public IReadOnlyList<string> From(int version, string database)
    {
        if (version > Newest)
            throw new StartupRefusedException(
                $"The database {database} was written by a newer Skald (schema {version}; this program knows {Newest}). " +
                $"Start the newer program, or {otherwise}.");
        if (version == Newest)
            return [];
        var sql = _steps.Where(step => step.Version > version).Select(step => Read(engine.Assembly, step.Resource)).ToList();
        if (version == 0)
            sql.Add($"INSERT INTO server (id, epoch, schema_version) VALUES (1, '{NewEpoch()}', 0)");
        sql.Add($"UPDATE server SET schema_version = {Newest.ToString(CultureInfo.InvariantCulture)}");
        return sql;
    }

    /// <summary>A name for a log that begins, or begins anew: no other has it.</summary>
    public static string NewEpoch() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    private static (int Version, string Resource)[] Find(Type engine, string prefix) =>
    [
        .. engine.Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(name => (int.Parse(name.AsSpan(prefix.Length, 4), CultureInfo.InvariantCulture), name))
            .Order(),
    ];

    private static string Read(Assembly assembly, string resource)
    {
        using var stream = assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
