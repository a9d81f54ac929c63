using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Skald.Server;

namespace Skald.Tests.Repository;

/// <summary>Every event in the log has a number that is its own, in its folder's thousand, and stands in docs/operations.md.</summary>
[Collection(WrittenDocuments.Name)]
public sealed partial class LogEventTests
{
    private static readonly string[] Thousands =
    [
        "Operations", "Accounts", "History", "Delivery", "Connections", "Storage", "Rooms", "Transport", "Conversation", "Followers",
        "Cluster",
    ];

    [Fact]
    public void Every_event_has_a_number_of_its_own() =>
        Assert.Empty(
            Events().GroupBy(e => e.Event.EventId).Where(group => group.Count() > 1 || group.Key <= 0)
                .Select(group => $"{group.Key}: {group.Count()} times"));

    [Fact]
    public void Every_number_is_in_its_folders_thousand() =>
        Assert.Empty(
            Events().Where(e => e.Event.EventId / 1_000 != Array.IndexOf(Thousands, Folder(e.Type)))
                .Select(e => $"{e.Event.EventId} in {e.Type.FullName}"));

    /// <summary>Nothing that is a secret has a place to be written to.</summary>
    [Fact]
    public void No_event_takes_a_text_a_token_or_a_query() =>
        Assert.Empty(Events().SelectMany(e => Placeholder().Matches(e.Event.Message).Select(match => match.Groups[1].Value))
            .Where(name => Secret().IsMatch(name)));

    [Fact]
    public void Whoever_logs_does_it_by_a_declared_event() =>
        Assert.Empty(Source.Files("src/Skald.Server", "*.cs").Where(file => DirectCall().IsMatch(Source.Read(file))));

    [Fact]
    public void The_documented_events_are_those_of_the_code()
    {
        var table = new StringBuilder("| id | level | line |\n|---|---|---|\n");
        foreach (var (_, e) in Events().OrderBy(e => e.Event.EventId))
            table.Append(CultureInfo.InvariantCulture, $"| {e.EventId} | {e.Level} | {e.Message} |\n");

        WrittenSection.AssertIs("events", table.ToString());
    }

    private static IEnumerable<(Type Type, LoggerMessageAttribute Event)> Events() =>
        typeof(SkaldHost).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(
                BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => (method.DeclaringType!, method.GetCustomAttribute<LoggerMessageAttribute>()!))
            .Where(e => e.Item2 is not null);

    /// <summary>
    /// What stands in no folder is of the node, as Operations is. The ground's folders share its thousand, people's folders share one,
    /// and the database's port has the storage's.
    /// </summary>
    private static string Folder(Type type) => type.Namespace is { } name && name.Split('.') is [_, _, var folder, ..]
        ? folder switch
        {
            "Settings" or "Limits" or "Http" => "Operations",
            "Identity" => "Accounts",
            "Database" => "Storage",
            _ => folder,
        }
        : "Operations";

    [GeneratedRegex(@"\{(\w+)[^}]*\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex("(?i)token|text|body|password|query|ticket|secret|refresh|^key|^message$|^url$")]
    private static partial Regex Secret();

    [GeneratedRegex(@"\.Log(Trace|Debug|Information|Warning|Error|Critical)\(")]
    private static partial Regex DirectCall();
}
