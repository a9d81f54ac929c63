using System.Text.Json;
using Microsoft.Data.Sqlite;
using Skald.Tests.Harness;

namespace Skald.Tests.Storage;

/// <summary><c>skald import-django</c> from a database as Django's migrations make it.</summary>
public sealed class DjangoImportTests : IDisposable
{
    private const string Hash = "pbkdf2_sha256$1000$seasalt2$ihlHETA3mfOaQY1C3IHrnODrRn/DuoF7rITlLHQd7F4=";   // of 12345678

    private const string Users = """
        CREATE TABLE "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
            "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL);
        CREATE TABLE "auth_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
            "password" varchar(128) NOT NULL, "last_login" datetime NULL,
            "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE,
            "last_name" varchar(150) NOT NULL, "email" varchar(254) NOT NULL,
            "is_staff" bool NOT NULL, "is_active" bool NOT NULL, "date_joined" datetime NOT NULL, "first_name" varchar(150) NOT NULL);
        CREATE TABLE "django_admin_log" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
            "object_id" text NULL, "action_time" datetime NOT NULL,
            "user_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED);
        """;

    private const string Messages = """
        CREATE TABLE "chat_message" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
            "room_name" varchar(100) NOT NULL, "content" text NOT NULL,
            "timestamp" datetime NOT NULL, "user_id" integer NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED);
        """;

    private const string MessagesByRoom = """
        CREATE TABLE "chat_room" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "slug" varchar(50) NOT NULL UNIQUE);
        CREATE TABLE "chat_message" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "body" text NOT NULL, "sent_at" datetime NOT NULL,
            "room_id" bigint NOT NULL REFERENCES "chat_room" ("id") DEFERRABLE INITIALLY DEFERRED,
            "author_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO chat_room VALUES (4, 'global'), (5, 'tech');
        INSERT INTO chat_message VALUES (1, 'first', '2026-02-21 16:46:02', 4, 1), (2, 'second', '2026-02-21 16:46:03', 5, 1);
        """;

    private readonly TestDirectory _django = new(), _data = new();

    private string From => Path.Combine(_django.Path, "db.sqlite3");

    public void Dispose()
    {
        _django.Dispose();
        _data.Dispose();
    }

    [Fact]
    public async Task Users_log_in_with_their_passwords_and_messages_keep_order_time_and_author()
    {
        Make(Users + Messages + AnnAndBob + """
            INSERT INTO chat_message VALUES
                (1, 'global', 'Hello world', '2026-02-21 16:46:02.123456', 1), (2, 'tech', 'elsewhere', '2026-02-21 16:46:03', 2),
                (3, 'global', 'pässwörd 🔑', '2026-02-21 16:46:04.000001', 2), (4, 'global', '', '2026-02-21 16:46:05', 2);
            """);

        var output = (await ImportAsync()).AssertDone().Output;
        Assert.Contains("2 users and 3 messages in 2 rooms, of the table chat_message, are brought over", output, StringComparison.Ordinal);
        Assert.Contains("1 messages have no text", output, StringComparison.Ordinal);

        await using var server = await SkaldServer.StartAsync(data: _data.Path);
        var ann = await server.LoginAsync("ann");
        var history = await ann.HistoryAsync("global");
        Assert.Equal(
            [("ann", "Hello world", "2026-02-21T16:46:02.123456Z", 1), ("bob", "pässwörd 🔑", "2026-02-21T16:46:04.000001Z", 2)],
            history.Select(m => (m.GetProperty("username").GetString()!, m.GetProperty("message").GetString()!,
                m.GetProperty("timestamp").GetString()!, m.GetProperty("seq").GetInt64())));
        Assert.Equal("elsewhere", Assert.Single(await ann.HistoryAsync("tech")).GetProperty("message").GetString());
        using var next = await ann.PublishAsync("global", "and on");
        Assert.Equal(3, (await ann.HistoryAsync("global"))[^1].GetProperty("seq").GetInt64());
    }

    [Fact]
    public async Task Names_that_cannot_be_here_get_others_and_each_is_reported()
    {
        Make(Users + Messages + AnnAndBob + $"""
            INSERT INTO auth_user VALUES
                (3, '{Hash}', NULL, 0, 'Ännä', '', '', 0, 1, '2026-01-02 03:04:05', ''),
                (4, '{Hash}', NULL, 0, 'ANN', '', '', 0, 1, '2026-01-02 03:04:05', ''),
                (5, 'argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA', NULL, 0, 'carl', '', '', 0, 1, '2026-01-02 03:04:05', ''),
                (6, '{Hash}', NULL, 0, 'gone', '', '', 0, 0, '2026-01-02 03:04:05', '');
            INSERT INTO chat_message VALUES
                (1, 'büro', 'one', '2026-02-21 16:46:02', 3), (2, 'b-ro', 'two', '2026-02-21 16:46:03', 4),
                (3, 'b-ro', 'three', '2026-02-21 16:46:04', NULL);
            """);

        var dry = (await ImportAsync("--dry-run")).AssertDone().Output;
        Assert.False(File.Exists(_data.Database));
        var output = (await ImportAsync()).AssertDone().Output;
        string[] told =
        [
            "User 3, Ännä: is user-3 here", "User 4, ANN: is ANN-4 here", "Room büro: is b-ro here", "Room b-ro: is b-ro-2 here",
            "1 users have a password hash of argon2", "1 users were inactive",
        ];
        Assert.All(told, words => Assert.Contains(words, output, StringComparison.Ordinal));
        Assert.All(told, words => Assert.Contains(words, dry, StringComparison.Ordinal));

        await using var server = await SkaldServer.StartAsync(data: _data.Path);
        var renamed = await server.LoginAsync("user-3");
        Assert.Equal(["one"], Texts(await renamed.HistoryAsync("b-ro")));
        var history = await renamed.HistoryAsync("b-ro-2");
        Assert.Equal(["two", "three"], Texts(history));
        Assert.Equal(["ANN-4", "deleted-user"], history.Select(m => m.GetProperty("username").GetString()));
        await Assert.ThrowsAsync<HttpRequestException>(() => server.LoginAsync("gone"));
    }

    [Fact]
    public async Task Rooms_may_have_a_table_of_their_own()
    {
        Make(Users + AnnAndBob + MessagesByRoom);
        (await ImportAsync()).AssertDone();
        await using var server = await SkaldServer.StartAsync(data: _data.Path);
        Assert.Equal(["second"], Texts(await (await server.LoginAsync("bob")).HistoryAsync("tech")));
    }

    [Fact]
    public async Task It_touches_nothing_that_is_used_or_not_empty_and_says_what_it_did_not_find()
    {
        (await ImportAsync()).AssertRefused("There is no file", "--from FILE");
        Make("CREATE TABLE other (id integer)");
        (await ImportAsync()).AssertRefused("auth_user");
        File.Delete(From);
        Make(Users + AnnAndBob);
        (await ImportAsync()).AssertRefused("--table NAME");
        File.Delete(From);
        Make(Users + Messages + AnnAndBob + Messages.Replace("chat_message", "archive", StringComparison.Ordinal));
        (await ImportAsync()).AssertRefused("archive, chat_message", "--table NAME");
        await using (var server = await SkaldServer.StartAsync(data: _data.Path))
        {
            (await ImportAsync("--table", "chat_message")).AssertRefused("Another Skald uses");
            await server.RegisterAsync("ann");
        }

        (await ImportAsync("--table", "chat_message")).AssertRefused("has users or messages already", "--data DIR");
        Assert.Equal(1L, TestDirectory.Execute(_data.Path, "SELECT count(*) FROM users"));
    }

    private static string AnnAndBob => $"""
        INSERT INTO auth_user VALUES
            (1, '{Hash}', NULL, 0, 'ann', '', 'ann@example.com', 0, 1, '2026-01-02 03:04:05.678901', ''),
            (2, '{Hash}', NULL, 1, 'bob', '', '', 1, 1, '2026-01-02 03:04:05', '');
        """;

    private static IEnumerable<string?> Texts(JsonElement[] history) =>
        history.Select(message => message.GetProperty("message").GetString());

    private void Make(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={From};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own SQL.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private Task<SkaldCommand> ImportAsync(params string[] more) =>
        SkaldCommand.RunAsync(["import-django", "--from", From, "--data", _data.Path, .. more]);
}
