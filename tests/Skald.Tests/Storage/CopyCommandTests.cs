using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Storage;
using Skald.Server.Storage.Copy;
using Skald.Tests.Harness;

namespace Skald.Tests.Storage;

/// <summary><c>skald copy</c>: the same deployment on the other engine, and back.</summary>
public sealed class CopyCommandTests : IAsyncLifetime
{
    private CopyPlace _place = null!;

    public async ValueTask InitializeAsync() => _place = await CopyPlace.MakeAsync();

    public ValueTask DisposeAsync() => _place.DisposeAsync();

    [Fact]
    public async Task Clients_notice_neither_the_way_to_PostgreSQL_nor_the_way_back()
    {
        TestUser ann, ended;
        string epoch;
        string[] before;
        await using (var server = await _place.StartOnSqliteAsync())
        {
            (ann, ended) = await TalkAsync(server);
            before = await AllAsync(ann);
            epoch = server.Services.GetRequiredService<IMessageStore>().Epoch;
        }

        var said = (await _place.ToPostgresAsync()).AssertDone().Output;

        Assert.Contains("signing-keys.json", said, StringComparison.Ordinal);
        await using (var server = await _place.StartOnPostgresAsync())
        {
            Assert.Equal(epoch, server.Services.GetRequiredService<IMessageStore>().Epoch);
            ann = await AssertGoesOnAsync(server, ann, ended, before, epoch, next: 6);
            (await ann.SendAsync(HttpMethod.Delete, "/api/rooms/alpha/messages/6/")).EnsureSuccessStatusCode();
            await server.RegisterAsync("carl");
            (await ann.PublishAsync("gamma", "made on PostgreSQL")).EnsureSuccessStatusCode();
            before = await AllAsync(ann);
        }

        File.Move(_place.Data.Database, Path.Combine(_place.Elsewhere, "before.db"));
        said = (await _place.ToSqliteAsync(_place.Data.Path)).AssertDone().Output;

        Assert.Contains("signing-keys.json is there already", said, StringComparison.Ordinal);
        await using (var server = await _place.StartOnSqliteAsync())
        {
            await AssertGoesOnAsync(server, ann, ended, before, epoch, next: 8);
            Assert.Equal(["made on PostgreSQL"], await TextsAsync(ann with { Server = server }, "gamma"));
            Assert.Equal(4, await IdAsync(await server.RegisterAsync("dora")));   // after carl
        }
    }

    [Fact]
    public async Task What_comes_back_is_row_for_row_what_went()
    {
        await using (var server = await _place.StartOnSqliteAsync())
            await TalkAsync(server);

        (await _place.ToPostgresAsync()).AssertDone();
        var again = (await _place.ToPostgresAsync()).AssertDone().Output;
        Assert.Contains("a whole copy of", again, StringComparison.Ordinal);
        File.Copy(JournalOf(_place.Data.Path), JournalOf(_place.Elsewhere));
        (await _place.ToSqliteAsync()).AssertDone();

        var (went, came) = (CopyPlace.Dump(_place.Data.Path), CopyPlace.Dump(_place.Elsewhere));
        Assert.Contains(went, row => row.StartsWith("messages: ", StringComparison.Ordinal));
        Assert.Contains(went, row => row.StartsWith("followers: ", StringComparison.Ordinal));
        Assert.Equal(went, came);
        Assert.Equal("ok", TestDirectory.Check(Path.Combine(_place.Elsewhere, "skald.db")));
    }

    /// <remarks>
    /// What is not brought: the version of the schema, each engine's own; in which transaction a session has ended, which means nothing
    /// in another database; <c>log_end</c>, which follows from the rest; <c>signing_keys</c>, which servers find
    /// anew; and what is in tables that a crash empties.
    /// </remarks>
    [Fact]
    public async Task Every_table_and_every_column_of_both_engines_is_brought()
    {
        await (await _place.StartOnSqliteAsync()).DisposeAsync();
        string[] sqlite = [.. CopyPlace.Rows(_place.Data.Path, """
            SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
            WHERE t.type = 'table' AND t.name NOT IN ('server', 'sqlite_sequence')
            """)];
        var postgres = (string[])(await _place.ExecuteAsync("""
            SELECT array_agg(CASE WHEN c.table_name IN ('room_directory', 'room_heads') THEN 'rooms' ELSE c.table_name END || '.'
                || CASE c.table_name || '.' || c.column_name WHEN 'room_heads.room_id' THEN 'id' ELSE c.column_name END)
            FROM information_schema.columns c
            JOIN pg_class t ON t.relname = c.table_name AND t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relpersistence = 'p'
            WHERE c.table_schema = 'public' AND c.table_name NOT IN ('server', 'log_end', 'signing_keys')
                AND c.table_name || '.' || c.column_name <> 'sessions.ended_in'
            """))!;
        string[] brought = [.. CopiedTable.All.SelectMany(table => table.Columns.Select(column => $"{table.Name}.{column.Name}")).Order()];

        Assert.Equal(brought, sqlite.Order());
        Assert.Equal(brought, postgres.Distinct().Order());
    }

    [Fact]
    public async Task Ends_that_a_server_runs_on_are_refused_whichever_of_them_it_is()
    {
        await using (await _place.StartOnSqliteAsync())
        {
            (await _place.ToPostgresAsync()).AssertRefused("Another Skald uses", _place.Data.Path, "--from DIR");
            (await _place.ToSqliteAsync(_place.Data.Path)).AssertRefused("Another Skald uses", _place.Data.Path, "--to DIR");
        }

        await using (await _place.StartOnPostgresAsync())
        {
            (await _place.ToPostgresAsync()).AssertRefused("A Skald uses the database", _place.Database, "--to");
            (await _place.ToSqliteAsync()).AssertRefused("A Skald uses the database", _place.Database, "--from");
        }
    }

    [Fact]
    public async Task Target_that_has_something_already_is_left_as_it_is()
    {
        await (await _place.StartOnSqliteAsync()).DisposeAsync();
        await using (var server = await _place.StartOnPostgresAsync())
            await server.RegisterAsync("somebody-else");

        (await _place.ToPostgresAsync()).AssertRefused(_place.Database, "already", "createdb", "--to");
        (await _place.ToSqliteAsync(_place.Data.Path)).AssertRefused(_place.Data.Database, "already", "--to DIR");

        Assert.Equal("somebody-else", await _place.ExecuteAsync("SELECT username FROM users"));
        var strange = await SharedPostgres.CreateAsync("template0");
        await _place.Postgres.ExecuteAsync(strange, "CREATE TABLE users (shopping text)");
        (await _place.CopyAsync(_place.Data.Path, _place.Postgres.ConnectionString(strange)))
            .AssertRefused(strange, "tables of something else", "--to");
        await _place.Postgres.ExecuteAsync("postgres", $"DROP DATABASE {strange}");
    }

    [Fact]
    public async Task Ends_that_cannot_be_a_pair_are_named_with_what_to_write()
    {
        var (data, nowhere) = (_place.Data.Path, Path.Combine(_place.Elsewhere, "nowhere"));

        (await _place.CopyAsync(data, _place.Elsewhere)).AssertRefused("both directories", "Host=…", "skald backup");
        (await _place.CopyAsync(_place.Connection, _place.Connection)).AssertRefused("both databases of PostgreSQL", "pg_dump");
        (await _place.CopyAsync(nowhere, _place.Connection)).AssertRefused("no database in", nowhere, "--from DIR");
        (await _place.CopyAsync("Host=127.0.0.1;Port=1;Password=secret-word", nowhere)).AssertRefused("cannot be reached", "(--from)");
        (await _place.CopyAsync("postgres://skald:secret-word@db/skald", nowhere)).AssertRefused("--from", "Host=…");
        (await _place.CopyAsync("postgres", nowhere)).AssertRefused(StorageOptions.PostgresSetting, "not set");
        Assert.False(Directory.Exists(nowhere));
        var misused = await SkaldCommand.RunAsync("copy", "--from", data, "--data", data);
        Assert.Equal(2, misused.ExitCode);
        Assert.Contains("--data is no option", misused.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "older", "Start this program on it once")]
    [InlineData(9000, "newer", "Copy with that")]
    public async Task Source_of_another_version_is_refused(int version, string which, string remedy)
    {
        await (await _place.StartOnSqliteAsync()).DisposeAsync();
        await (await _place.StartOnPostgresAsync()).DisposeAsync();
        _place.Data.Execute($"UPDATE server SET schema_version = {version}");
        await _place.ExecuteAsync($"UPDATE server SET schema_version = {version}");

        (await _place.ToPostgresAsync()).AssertRefused(_place.Data.Database, $"{which} Skald (schema {version}", remedy);
        (await _place.ToSqliteAsync()).AssertRefused(_place.Database, $"{which} Skald (schema {version}", remedy);
    }

    [Fact]
    public async Task Database_of_the_settings_is_meant_by_its_name_and_gets_the_schema()
    {
        var empty = await SharedPostgres.CreateAsync("template0");
        await (await _place.StartOnSqliteAsync()).DisposeAsync();

        var copied = await SkaldCommand.RunAsync(
            ["env", $"Storage__Postgres={_place.Postgres.ConnectionString(empty)}"],
            ["copy", "--from", _place.Data.Path, "--to", StorageOptions.PostgreSql]);

        copied.AssertDone();
        Assert.Equal(
            TestDirectory.Execute(_place.Data.Path, "SELECT epoch FROM server"),
            await _place.Postgres.ExecuteAsync(empty, "SELECT epoch FROM server"));
        await _place.Postgres.ExecuteAsync("postgres", $"DROP DATABASE {empty}");
    }

    [Fact]
    public async Task Row_that_changes_on_its_way_to_PostgreSQL_ends_the_copy_with_the_name_of_its_room_and_no_server_starts_on_it()
    {
        await FillAsync();
        await ChangeOnTheWayAsync();

        (await _place.ToPostgresAsync()).AssertRefused("messages of the room alpha, as many but others", "No server starts on it");

        await AssertUnfinishedAsync(_place.StartOnPostgresAsync);
        // Nor is it whole when it is compared once more.
        (await _place.ToPostgresAsync()).AssertRefused("messages of the room alpha");
    }

    [Fact]
    public async Task Row_that_is_lost_on_its_way_to_SQLite_ends_the_copy_with_the_name_of_its_room_and_no_server_starts_on_it()
    {
        await FillAsync();
        (await _place.ToPostgresAsync()).AssertDone();
        var target = await EmptyAsync();
        TestDirectory.Execute(
            target,
            """
            CREATE TRIGGER loses AFTER INSERT ON messages WHEN NEW.room_id = 2 AND NEW.seq = 7
            BEGIN DELETE FROM messages WHERE room_id = 2 AND seq = 7; END
            """);

        (await _place.ToSqliteAsync(target))
            .AssertRefused("messages of the room alpha, 299 where 300 are wanted", "No server starts on it");

        await AssertUnfinishedAsync(() => _place.StartOnSqliteAsync(target));
        (await SkaldCommand.RunAsync("users", "list", "--data", target)).AssertRefused("skald copy again");
        (await SkaldCommand.RunAsync("backup", "--data", target, "--to", Path.Combine(_place.Elsewhere, "backup.db")))
            .AssertRefused("skald copy again");
        (await SkaldCommand.RunAsync("copy", "--from", target, "--to", _place.Connection)).AssertRefused("skald copy again");
    }

    [Fact]
    public async Task Unfinished_copy_of_a_source_that_was_in_use_since_begins_anew_and_that_of_another_is_refused()
    {
        await FillAsync();
        await ChangeOnTheWayAsync();
        (await _place.ToPostgresAsync()).AssertRefused("No server starts on it");
        await _place.ExecuteAsync("DROP TRIGGER changes ON messages");

        await (await _place.StartOnSqliteAsync(_place.Elsewhere)).DisposeAsync();
        (await _place.ToPostgresAsync(_place.Elsewhere)).AssertRefused("unfinished copy of another Skald", "--from", "--to");
        await using (var server = await _place.StartOnSqliteAsync())
            await server.RegisterAsync("late");
        var again = (await _place.ToPostgresAsync()).AssertDone();

        Assert.Contains("begins anew", again.Output, StringComparison.Ordinal);
        Assert.Equal(1L, await _place.ExecuteAsync("SELECT count(*) FROM users WHERE username = 'late'"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Messages_that_were_deleted_on_PostgreSQL_are_in_the_journal_of_the_directory_that_they_come_to(bool hasJournal)
    {
        TestUser ann;
        await using (var server = await _place.StartOnSqliteAsync())
            (ann, _) = await TalkAsync(server);
        (await _place.ToPostgresAsync()).AssertDone();
        await using (var server = await _place.StartOnPostgresAsync())
            (await (ann with { Server = server }).SendAsync(HttpMethod.Delete, "/api/rooms/alpha/messages/1/")).EnsureSuccessStatusCode();
        if (hasJournal)
            File.Copy(JournalOf(_place.Data.Path), JournalOf(_place.Elsewhere));

        (await _place.ToSqliteAsync()).AssertDone();

        await using (await _place.StartOnSqliteAsync(_place.Elsewhere))
        {
            await Deadline.UntilAsync(
                () => File.Exists(JournalOf(_place.Elsewhere)) && Deleted().Length == 2, "both deletes are in the journal");
            Assert.Equal([2, 1], Deleted());
        }

        long[] Deleted() =>
            [.. File.ReadLines(JournalOf(_place.Elsewhere)).Select(line => JsonElement.Parse(line).GetProperty("seq").GetInt64())];
    }

    /// <summary>300 messages in each of two rooms.</summary>
    private async Task FillAsync()
    {
        await (await _place.StartOnSqliteAsync()).DisposeAsync();
        _place.Data.Execute("""
            INSERT INTO users (id, username, username_key, email, password_hash, created_at) VALUES (1, 'ann', 'ann', '', '!', 0);
            INSERT INTO rooms (id, name, last_seq, created_at) VALUES (2, 'alpha', 300, 0), (3, 'beta', 300, 0);
            INSERT INTO messages (room_id, seq, user_id, body, created_at)
                WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
                SELECT r.id, i, 1, 'message ' || i, i FROM n, rooms r WHERE r.id IN (2, 3);
            INSERT INTO runs (position, room_id, first_seq) VALUES (1, 2, 1), (301, 3, 1);
            """);
    }

    /// <summary>Has PostgreSQL store another text than that of a message of the room alpha.</summary>
    private Task<object?> ChangeOnTheWayAsync() => _place.ExecuteAsync("""
        CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.body := 'changed'; RETURN NEW; END $$;
        CREATE TRIGGER changes BEFORE INSERT ON messages FOR EACH ROW WHEN (NEW.room_id = 2 AND NEW.seq = 7) EXECUTE FUNCTION change()
        """);

    /// <returns>A directory whose database has the schema and nothing else.</returns>
    private async Task<string> EmptyAsync()
    {
        var directory = Path.Combine(_place.Elsewhere, "empty");
        await (await _place.StartOnSqliteAsync(directory)).DisposeAsync();
        TestDirectory.Execute(directory, "DELETE FROM rooms");
        return directory;
    }

    private static async Task AssertUnfinishedAsync(Func<Task<SkaldServer>> start) =>
        Assert.Contains(
            "Run the same skald copy again", (await Assert.ThrowsAsync<StartupRefusedException>(start)).Message, StringComparison.Ordinal);

    /// <summary>Two users talk in two rooms: messages, edits, deletes; one of the sessions is ended.</summary>
    /// <returns>Ann, and an ended session of hers.</returns>
    private static async Task<(TestUser Ann, TestUser Ended)> TalkAsync(SkaldServer server)
    {
        var ann = await server.RegisterAsync("ann");
        var bob = await server.RegisterAsync("bob");
        var ended = await server.LoginAsync("ann");
        (await ended.SendAsync(HttpMethod.Post, "/api/logout/")).EnsureSuccessStatusCode();
        (await ann.PublishAsync("alpha", "Grüße 👋", "ann-message-1")).EnsureSuccessStatusCode();
        (await bob.PublishAsync("beta", "another room")).EnsureSuccessStatusCode();
        (await bob.PublishAsync("alpha", "to be deleted", "bob-message-1")).EnsureSuccessStatusCode();
        (await ann.PublishAsync("alpha", "to be edited", "ann-message-2")).EnsureSuccessStatusCode();
        (await ann.SendAsync(HttpMethod.Patch, "/api/rooms/alpha/messages/3/", new { message = "was edited" })).EnsureSuccessStatusCode();
        (await bob.SendAsync(HttpMethod.Delete, "/api/rooms/alpha/messages/2/")).EnsureSuccessStatusCode();
        await Deadline.UntilAsync(
            () => TestDirectory.Execute(server.Data, "SELECT count(*) FROM followers") is 1L, "the delete is in the journal of erasures");
        return (ann, ended);
    }

    /// <summary>With tokens and positions of before, a client goes on.</summary>
    /// <param name="ann">Of before.</param>
    /// <param name="ended">A session that had ended.</param>
    /// <param name="before">What there was to read.</param>
    /// <param name="next">The number that the next message of the room alpha gets.</param>
    /// <returns>Ann, with the tokens that she has now.</returns>
    private static async Task<TestUser> AssertGoesOnAsync(
        SkaldServer server, TestUser ann, TestUser ended, string[] before, string epoch, long next)
    {
        ann = ann with { Server = server };
        Assert.Equal(before, await AllAsync(ann));

        using (var refused = await server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = ended.Refresh }))
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        using var refreshed = await server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = ann.Refresh });
        var tokens = await refreshed.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();

        await using var socket = await ann.ConnectAsync();
        var joined = await socket.JoinAsync("alpha", since: 2, epoch);
        Assert.True(joined.GetProperty("complete").GetBoolean());
        Assert.Equal(epoch, joined.GetProperty("epoch").GetString());
        Assert.Equal(next - 1, joined.GetProperty("seq").GetInt64());
        for (var seq = 3; seq < next; seq++)
            Assert.Equal(seq, (await socket.ReceiveAsync()).GetProperty("seq").GetInt64());

        await socket.SayAsync("alpha", "Grüße 👋", "ann-message-1");
        var repeated = await socket.ExpectAsync("ack");
        Assert.True(repeated.GetProperty("duplicate").GetBoolean());
        Assert.Equal(1, repeated.GetProperty("seq").GetInt64());
        await socket.SayAsync("alpha", "and on it goes");
        Assert.Equal(next, (await socket.SkipToAsync("ack")).GetProperty("seq").GetInt64());
        return ann with { Access = tokens.GetProperty("access").GetString()!, Refresh = tokens.GetProperty("refresh").GetString()! };
    }

    private static async Task<string[]> AllAsync(TestUser user) =>
        [.. (await user.HistoryAsync("alpha")).Concat(await user.HistoryAsync("beta")).Select(message => message.ToString())];

    private static async Task<string[]> TextsAsync(TestUser user, string room) =>
        [.. (await user.HistoryAsync(room)).Select(message => message.GetProperty("message").GetString()!)];

    private static async Task<long> IdAsync(TestUser user) =>
        (await (await user.SendAsync(HttpMethod.Get, "/api/me/")).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetInt64();

    private static string JournalOf(string data) => Path.Combine(data, ErasureJournal.Name);
}
