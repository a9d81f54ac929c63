using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Database;

namespace Skald.Server.Storage.Postgres;

/// <summary>
/// For all nodes of a database: who guesses has as many attempts at all of them as at one. A crash of PostgreSQL forgets.
/// </summary>
/// <remarks>
/// The rows have no bound but time: what is older than two windows goes. Each took a hash of a password, and those are limited.
/// </remarks>
internal sealed class PostgresLoginThrottle(PostgresDatabase database, IOptions<AccountLimits> limits) : ILoginThrottle
{
    private const string
        Begin = "SELECT skald_begin_login(@name, @free::int, @window)",
        Succeed = "DELETE FROM login_failures WHERE name = @name",
        Withdraw =
            """
            DELETE FROM login_failures WHERE name = @name AND failures <= 1;
            UPDATE login_failures SET failures = failures - 1 WHERE name = @name
            """;

    private readonly int _free = limits.Value.LoginFailures;
    private readonly long _window = (long)limits.Value.LoginFailureWindow.TotalMicroseconds;

    public async ValueTask<TimeSpan> BeginAsync(string name) => _free == 0
        ? TimeSpan.Zero
        : TimeSpan.FromMicroseconds(await database.ExecuteAsync(connection => connection.FirstAsync(
            Begin, row => row.GetInt64(0), ("name", Hash(name)), ("free", _free), ("window", _window))));

    public ValueTask SucceedAsync(string name) => ChangeAsync(name, Succeed);

    public ValueTask WithdrawAsync(string name) => ChangeAsync(name, Withdraw);

    private async ValueTask ChangeAsync(string name, string sql)
    {
        if (_free > 0)
            await database.ExecuteAsync(connection => connection.ExecuteAsync(sql, ("name", Hash(name))));
    }

    private static byte[] Hash(string name) => SHA256.HashData(Encoding.UTF8.GetBytes(name));
}
