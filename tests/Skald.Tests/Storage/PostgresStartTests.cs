using System.Net;
using System.Net.Sockets;
using Npgsql;
using Skald.Server.Database;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Storage;

/// <summary>A server that could not keep its promises on PostgreSQL does not start, and says what to change.</summary>
public sealed class PostgresStartTests
{
    [Theory]
    [InlineData("postgres://skald:secret-word@127.0.0.1/skald", "Host=…")]
    [InlineData("Hots=127.0.0.1;Password=secret-word", "Host=…")]
    [InlineData("Host=127.0.0.1;Port=many;Password=secret-word", "Host=…")]
    [InlineData("Database=skald;Password=secret-word", "names no server")]
    [InlineData("Host=127.0.0.1;Port=1;Username=skald;Database=skald;Password=secret-word", "cannot be reached")]
    [InlineData("Host=nowhere.invalid;Username=skald;Database=skald;Password=secret-word", "cannot be reached")]
    public async Task Connection_string_that_leads_nowhere_is_refused_and_not_shown(string written, string why)
    {
        var refusal = await RefusalAsync(written);

        Assert.Contains(StorageOptions.PostgresSetting, refusal, StringComparison.Ordinal);
        Assert.Contains(why, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-word", refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Database=missing", "createdb")]
    [InlineData("Username=nobody", "pg_hba.conf")]
    [InlineData("Options=-c default_transaction_read_only=on", "read-only")]
    public async Task What_the_server_itself_refuses_is_said_with_the_way_out(string instead, string why)
    {
        var server = await SharedPostgres.GetAsync();
        var database = await SharedPostgres.RentAsync();
        var written = new NpgsqlConnectionStringBuilder(server.ConnectionString(database));
        var (name, value) = instead.Split('=', 2) is [var left, var right] ? (left, right) : default;
        written[name] = value;

        var refusal = await RefusalAsync(written.ConnectionString);

        Assert.Contains(why, refusal, StringComparison.Ordinal);
        Assert.Contains(StorageOptions.PostgresSetting, refusal, StringComparison.Ordinal);
        await SharedPostgres.ReturnAsync(database);
    }

    [Theory]
    [InlineData("mysql", "Host=127.0.0.1", "Write sqlite or postgres")]
    [InlineData("postgres", "", "is empty")]
    [InlineData("sqlite", "Host=127.0.0.1", "leave the other out")]
    public async Task Settings_that_do_not_go_together_are_refused(string engine, string written, string why)
    {
        var refused = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => SkaldServer.StartAsync([(StorageOptions.EngineSetting, engine), (StorageOptions.PostgresSetting, written)]));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Contains(StorageOptions.EngineSetting, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fsync=off")]
    [InlineData("full_page_writes=off")]
    public async Task Server_that_may_forget_what_it_acknowledged_is_refused(string setting)
    {
        await using var server = await PostgresServer.StartAsync(setting);

        var refusal = await RefusalAsync(server.ConnectionString("postgres"));

        Assert.Contains($"{setting.Split('=')[0]} = off", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Database_of_another_encoding_is_refused()
    {
        var server = await SharedPostgres.GetAsync();
        await server.ExecuteAsync("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");

        Assert.Contains("LATIN1", await RefusalAsync(server.ConnectionString("latin")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Durability_that_a_role_has_switched_off_is_switched_on_for_our_sessions()
    {
        await using var stores = new PostgresStores();
        await stores.OpenAsync((await SharedPostgres.GetAsync()).ConnectionString(await SharedPostgres.RentAsync())
            + ";Options=-c synchronous_commit=off");

        Assert.Equal("on", await stores.Database.ReadAsync(Show));
        Assert.Equal("on", await stores.Database.Lane.RunAsync(Show));

        static async Task<string> Show(NpgsqlConnection connection)
        {
            await using var command = new NpgsqlCommand("SHOW synchronous_commit", connection);
            return (string)(await command.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public async Task Database_that_something_has_to_itself_is_refused_and_free_again_after_it()
    {
        var database = await SharedPostgres.RentAsync();
        var written = (await SharedPostgres.GetAsync()).ConnectionString(database);
        await using (var alone = new NpgsqlConnection(written + ";Pooling=false"))
        {
            await alone.OpenAsync(Deadline.Token());
            await alone.ExecuteAsync($"SELECT pg_advisory_lock({Skald.Server.Storage.Postgres.PostgresLane.Lock})");
            Assert.Contains("to itself", await RefusalAsync(written), StringComparison.Ordinal);
        }

        await using (var server = await StartAsync(written))
            Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/readyz")).StatusCode);
        await SharedPostgres.ReturnAsync(database);
    }

    [Fact]
    public async Task Empty_database_gets_the_schema_and_one_of_a_newer_program_is_left_alone()
    {
        var server = await SharedPostgres.GetAsync();
        var database = await SharedPostgres.CreateAsync("template0");
        var written = server.ConnectionString(database);
        await using (var first = await StartAsync(written))
            await (await first.RegisterAsync("ann")).PublishAsync("global", "Hello");
        await server.ExecuteAsync(database, "UPDATE server SET schema_version = 9000");

        var refusal = await RefusalAsync(written);

        Assert.Contains("newer Skald (schema 9000", refusal, StringComparison.Ordinal);
        Assert.Contains(StorageOptions.PostgresSetting, refusal, StringComparison.Ordinal);
        Assert.Equal(9000, await server.ExecuteAsync(database, "SELECT schema_version FROM server"));
    }

    [Fact]
    public async Task Step_that_fails_leaves_an_empty_database_empty()
    {
        var server = await SharedPostgres.GetAsync();
        var database = await SharedPostgres.CreateAsync("template0");
        await server.ExecuteAsync(database, "CREATE TABLE followers (somebody_elses int)");

        await Assert.ThrowsAnyAsync<Exception>(() => StartAsync(server.ConnectionString(database)));

        Assert.Equal(1L, await server.ExecuteAsync(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"));
    }

    /// <summary>What answers is no PostgreSQL but says that it is one of before 15.</summary>
    [Fact]
    public async Task Server_that_is_too_old_is_refused()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = AnswerAsync(listener);

        var refusal = await RefusalAsync(
            $"Host=127.0.0.1;Port={((IPEndPoint)listener.LocalEndpoint).Port};Username=skald;SSL Mode=Disable;Server Compatibility Mode=NoTypeLoading");

        Assert.Contains("PostgreSQL is 14.9", refusal, StringComparison.Ordinal);
        Assert.Contains("15 or newer", refusal, StringComparison.Ordinal);
        await answering;
    }

    private static async Task AnswerAsync(TcpListener listener)
    {
        using var client = await listener.AcceptTcpClientAsync();
        var stream = client.GetStream();
        _ = await stream.ReadAtLeastAsync(new byte[1_024], 8);   // the start of the session
        // Authentication is done; server_version; ready (postgresql.org/docs/current/protocol-message-formats.html).
        await stream.WriteAsync((byte[])
        [
            (byte)'R', 0, 0, 0, 8, 0, 0, 0, 0, .. "S\0\0\0\u0018server_version\u000014.9\0"u8, .. "S\0\0\0\u0019client_encoding\0UTF8\0"u8,
            (byte)'K', 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 1, (byte)'Z', 0, 0, 0, 5, (byte)'I',
        ]);
        while (await stream.ReadAsync(new byte[1_024]) > 0)
        {
        }
    }

    private static Task<SkaldServer> StartAsync(string written) => SkaldServer.StartAsync(
        [(StorageOptions.EngineSetting, StorageOptions.PostgreSql), (StorageOptions.PostgresSetting, written)]);

    private static async Task<string> RefusalAsync(string written) =>
        (await Assert.ThrowsAsync<StartupRefusedException>(() => StartAsync(written))).Message;
}
