using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Skald.Server;
using Skald.Server.Operations;

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
        foreach (var type in OptionTypes())
        {
            var section = type == typeof(DataOptions) ? "" : type.Name.Replace("Options", "", StringComparison.Ordinal) + ":";
            var defaults = Activator.CreateInstance(type)!;
            foreach (var property in type.GetProperties().Where(IsSetting))
            {
                var name = section.Length == 0 ? "Data" : section + property.Name;
                table.Append(CultureInfo.InvariantCulture, $"| `{name}` | {Show(Default(name) ?? property.GetValue(defaults))} | {Comment(comments, property)} | {Beyond(property)} |\n");
            }
        }

        return table.ToString();
    }

    /// <summary>Where the server on its own has another default than an application that hosts it.</summary>
    private static string? Default(string name) => SkaldDefaults.Settings.InitialData!.SingleOrDefault(setting => setting.Key == name).Value;

    private static IEnumerable<Type> OptionTypes() =>
        typeof(SkaldHost).Assembly.GetTypes()
            .Where(type => type.IsPublic && (type == typeof(Limits) || type.Name.EndsWith("Options", StringComparison.Ordinal)))
            .OrderBy(type => type == typeof(DataOptions) ? 0 : type == typeof(Limits) ? 2 : 1).ThenBy(type => type.Name, StringComparer.Ordinal);

    private static bool IsSetting(PropertyInfo property) => property.CanWrite || property.PropertyType == typeof(IList<string>);

    private static string Show(object? value) => value switch
    {
        null or "" or IList<string> { Count: 0 } => "–",
        bool flag => flag ? "on" : "off",
        TimeSpan { TotalSeconds: < 60 } time => $"{time.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s",
        TimeSpan { TotalMinutes: <= 60 } time => $"{time.TotalMinutes.ToString(CultureInfo.InvariantCulture)} min",
        TimeSpan time => $"{time.TotalHours.ToString(CultureInfo.InvariantCulture)} h",
        int number => number.ToString("N0", CultureInfo.InvariantCulture),
        long number => number.ToString("N0", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => $"`{value}`",
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
        var summary = comments.Descendants("member").SingleOrDefault(member => (string?)member.Attribute("name") == name)?.Element("summary");
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
