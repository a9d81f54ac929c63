using System.Text;

namespace Skald;

/// <summary>What <c>--help</c> says.</summary>
internal static class Usage
{
    public const string Commands = """
        skald [--SETTING VALUE] …                               serve
        skald backup  --to FILE [--data DIR] [--overwrite]      copy the database, while the server runs or not
        skald restore --from FILE [--data DIR] [--erased FILE]  make the database of a new data directory from a backup; --erased names
                                                                the erased.jsonl of the old one, by which what was deleted since is erased
        skald copy --from DIR --to CONNECTION                   move a server from SQLite to PostgreSQL, and everybody's place in its rooms
                                                                with it; or back, with the two exchanged; while no server runs on either.
                                                                CONNECTION is Host=…;Database=…;…, or postgres for that of Storage:Postgres
        skald users list [--data DIR]                           every account; this and what follows while no server runs there
        skald users create NAME [--email ADDRESS] [--data DIR]  make an account; the password is asked for, or comes from standard input
        skald users reset NAME [--data DIR]                     give an account another password, and end its sessions
        skald users disable NAME, skald users enable NAME       keep a user out, and end the sessions; let it in again
        skald import-django --from FILE [--table NAME] [--data DIR] [--dry-run]
                                                                bring the users and messages of a Django project into a new data directory
        skald --help, skald --help settings, skald --version
        """;

    /// <summary>The settings that one needs first; <c>--help settings</c> has all.</summary>
    private static readonly (string Setting, string Meaning)[] First =
    [
        ("Urls", "where it listens; several with ; between them"),
        ("Data", "the directory of the database and the keys, on a local disk"),
        ("Storage:Engine", "sqlite, in that directory; or postgres, in the database of Storage:Postgres"),
        ("TrustedProxies", "proxies in front of it, as 127.0.0.1,10.0.0.0/8, whose X-Forwarded-For is believed"),
        ("Connections:AllowedOrigins", "pages elsewhere that may use it, as https://app.example"),
        ("Metrics:Listen", "where Prometheus finds /metrics; \"\" is off"),
        ("Rooms:AutoCreate", "whether a room comes into being when it is first used"),
        ("Accounts:AccessLifetime", "how long an access token works"),
        ("Accounts:RefreshLifetime", "how long a session lives without being used"),
        ("Limits:Connections", "sockets in all"),
        ("Limits:ConnectionsPerAddress", "sockets from one address"),
        ("Limits:MessagesPerUser", "messages a second from one user"),
        ("Limits:MessageBytes", "the longest message, in bytes of UTF-8"),
        ("Logging:LogLevel:Default", "Debug, Information, Warning or Error"),
        ("Logging:Console:FormatterName", "json writes the log as JSON, a line each"),
    ];

    public static string Text()
    {
        var text = new StringBuilder($"""
            {Commands}

            Settings, each the same on the command line, in the environment (with __ for :) and in the file appsettings.json of the
            working directory; a later one of these is over an earlier: file, environment, command line.


            """);
        foreach (var (setting, meaning) in First)
            text.AppendLine($"  --{setting,-30} {meaning}{(DefaultOf(setting) is { Length: > 0 } value ? $" ({value})" : "")}");
        return text.Append("""

            A time has a unit (15s, 5 min, 24 h), a switch is on or off, a list has commas. For example, behind a proxy on the same machine:

              skald --data /var/lib/skald --TrustedProxies 127.0.0.1 --Limits:ConnectionsPerAddress 500

            and the same with the environment:

              Data=/var/lib/skald TrustedProxies=127.0.0.1 Limits__ConnectionsPerAddress=500 skald
            """).ToString();
    }

    /// <summary>Every setting of the server's own, with its default.</summary>
    public static string Settings() =>
        string.Join('\n', KnownSettings.Own.Select(setting => $"{setting.Key} = {DefaultOf(setting.Key)}".TrimEnd()));

    private static string DefaultOf(string key) => key switch
    {
        "Urls" => SkaldDefaults.Urls,
        "Metrics:Listen" => SkaldDefaults.MetricsListen,
        "Logging:LogLevel:Default" => "Information",
        "Logging:Console:FormatterName" => "simple",
        _ => KnownSettings.Own.Single(setting => setting.Key == key).Default,
    };
}
