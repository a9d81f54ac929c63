using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Skald.Server;
using Skald.Server.Limits;
using Skald.Server.Settings;

namespace Skald.Tests.Repository;

/// <summary>The table of settings in docs/operations.md is what the options' own comments and defaults say.</summary>
[Collection(WrittenDocuments.Name)]
public sealed partial class SettingsTableTests
{
    [Fact]
    public void The_documented_settings_are_those_of_the_code() => WrittenSection.AssertIs("settings", Table());

    private static string Table()
    {
        var comments = XDocument.Load(Path.ChangeExtension(typeof(SkaldHost).Assembly.Location, ".xml"));
        var table = new StringBuilder("| setting | default | meaning | beyond it |\n|---|---|---|---|\n");
        foreach (var type in KnownSettings.Classes)
        {
            var defaults = Activator.CreateInstance(type)!;
            foreach (var setting in Setting.Of(type))
            {
                var value = Default(setting.Key) ?? setting.Property.GetValue(defaults);
                table.Append(
                    CultureInfo.InvariantCulture,
                    $"| `{setting.Key}` | {Show(value)} | {Comment(comments, setting.Property)} | {Beyond(setting.Property)} |\n");
            }
        }

        return table.ToString();
    }

    /// <summary>Where the server on its own has another default than an application that hosts it.</summary>
    private static string? Default(string name) => name == "Metrics:Listen" ? SkaldDefaults.MetricsListen : null;

    private static string Show(object? value) => value switch
    {
        null or "" or IList<string> { Count: 0 } => "–",
        string text => $"`{text}`",
        _ => Spelling.Show(value),
    };

    private static string Beyond(PropertyInfo property) => property.GetCustomAttribute<BeyondAttribute>()?.Answer switch
    {
        null => "",
        BeyondAttribute.Cut => "cut off",
        [>= '0' and <= '9', _, _] status => $"status {status}",
        [>= '0' and <= '9', ..] close => $"close {close}",
        var code => $"`{code}`",
    };

    private static string Comment(XDocument comments, PropertyInfo property)
    {
        var name = $"P:{property.DeclaringType!.FullName}.{property.Name}";
        var summary = comments.Descendants("member")
            .SingleOrDefault(member => (string?)member.Attribute("name") == name)?.Element("summary");
        Assert.True(summary is not null, $"{name} has no comment: every setting says its unit and what 0 means.");
        var text = string.Concat(summary.Nodes().Select(node => node switch
        {
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            XElement { Name.LocalName: "see" } see => $"`{((string)see.Attribute("cref")!).Split('.')[^1]}`",
            _ => node.ToString(),
        }));
        return Spaces().Replace(System.Net.WebUtility.HtmlDecode(text), " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
