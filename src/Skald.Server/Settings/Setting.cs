using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace Skald.Server.Settings;

/// <summary>One setting: its key in the configuration, the property of the options that holds it, and what may be written for it.</summary>
internal sealed class Setting
{
    /// <summary>Each folder has limits of its own; for operators they are one section.</summary>
    private const string Limits = "Limits";

    private readonly PropertyInfo _property;
    private readonly RangeAttribute? _range;
    private readonly object? _default;
    private readonly bool _required;

    private Setting(Type options, PropertyInfo property)
    {
        _property = property;
        _range = property.GetCustomAttribute<RangeAttribute>();
        _ = _range?.IsValid(null);   // turns the texts of its bounds into values
        _default = property.GetValue(Activator.CreateInstance(options));
        _required = property.IsDefined(typeof(RequiredAttribute));
        Key = property.GetCustomAttribute<SettingAttribute>()?.Key ?? $"{SectionOf(options)}:{property.Name}";
    }

    /// <summary>As in the configuration: <c>Limits:Connections</c>.</summary>
    public string Key { get; }

    public PropertyInfo Property => _property;

    /// <summary>Whether it stands in a section that is ours; a host may have a section of its own by the name of any other.</summary>
    public bool IsInSection => Key.Contains(':', StringComparison.Ordinal);

    /// <summary>Its default, as the documentation spells it; empty where there is none.</summary>
    public string Default => _default is IList<string> ? "" : Spelling.Show(_default);

    /// <summary>The section that holds the settings of this class: <c>Connections</c> for ConnectionsOptions.</summary>
    public static string SectionOf(Type options) =>
        options.GetCustomAttribute<SectionAttribute>() is { } section ? section.Name
            : options.Name.EndsWith(Limits, StringComparison.Ordinal) ? Limits
            : options.Name.Replace("Options", "", StringComparison.Ordinal);

    /// <summary>The settings that a class of options has, in its order: all that can be set, and its lists.</summary>
    public static IReadOnlyList<Setting> Of(Type options) =>
        [.. options.GetProperties()
            .Where(property => property.CanWrite || property.PropertyType == typeof(IList<string>))
            .Select(property => new Setting(options, property))];

    /// <returns>A value for the property, or what is wrong with the one that is written; neither where none is.</returns>
    public (object? Value, string? Fault) Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Key);
        if (_property.PropertyType == typeof(IList<string>))
            return ReadList(section);
        if (section.Value is not { } text)
            return (
                null,
                IsInSection && section.GetChildren().FirstOrDefault() is { } nested
                    ? $"{nested.Path} is no setting: {Key} is one value. Write {Key}."
                    : null);
        var value = Spelling.Read(text, _property.PropertyType);
        return value is not null && IsAllowed(value) ? (value, null) : (null, Wrong(text));
    }

    public void Set(object options, object value)
    {
        if (value is string[] all)
        {
            var list = (IList<string>)_property.GetValue(options)!;
            list.Clear();
            foreach (var one in all)
                list.Add(one);
        }
        else
        {
            _property.SetValue(options, value);
        }
    }

    /// <returns>What is wrong with the value that the options hold, from whatever source; null where nothing is.</returns>
    public string? Check(object options)
    {
        var value = _property.GetValue(options);
        return IsAllowed(value) ? null : Wrong(Spelling.Show(value));
    }

    private static (object? Value, string? Fault) ReadList(IConfigurationSection section)
    {
        var items = section.GetChildren().ToArray();
        if (section.Value is not { } text)
        {
            return Array.Find(items, item => item.Value is null) is { } nested
                ? (null, $"{nested.Path} is a section, where one value belongs. Write {section.Key} as a list of values.")
                : (items.Length == 0 ? null : items.Select(item => item.Value!.Trim()).Where(item => item.Length > 0).ToArray(), null);
        }

        return items.Length > 0
            ? (null, $"{section.Path} is there twice: as one value (\"{text}\") and as a list ({items[0].Path}). Leave one of them out.")
            : (text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), null);
    }

    private bool IsAllowed(object? value) =>
        value switch
        {
            null or "" => !_required,
            TimeSpan time when _range is not null => time >= (TimeSpan)_range.Minimum && time <= (TimeSpan)_range.Maximum,
            IConvertible number and (int or long or double) when _range is not null =>
                number.ToDouble(CultureInfo.InvariantCulture) is var one && one >= Bound(_range.Minimum) && one <= Bound(_range.Maximum),
            _ => true,
        };

    private static double Bound(object bound) => Convert.ToDouble(bound, CultureInfo.InvariantCulture);

    /// <summary>
    /// The setting, its value and what to write: <c>Limits:PingInterval is "15". Write a time with its unit from 0.1 s to 1 h, such as
    /// 15 s.</c>
    /// </summary>
    private string Wrong(string text)
    {
        var bounds = _range is null ? ""
            : Bounded(_range.Maximum) ? $" from {Spelling.Show(_range.Minimum)} to {Spelling.Show(_range.Maximum)}"
            : $" of at least {Spelling.Show(_range.Minimum)}";
        var example = Default.Length == 0 ? "" : $", such as {Default}";
        return $"{Key} is \"{text}\". Write {Spelling.Kind(_property.PropertyType)}{bounds}{example}.";
    }

    /// <summary>Whether a bound says more than that the number must fit.</summary>
    private static bool Bounded(object maximum) => maximum is TimeSpan || Bound(maximum) < int.MaxValue;
}
