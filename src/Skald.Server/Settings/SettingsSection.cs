using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Skald.Server.Settings;

/// <summary>
/// Reads a class of options from the configuration, and judges it at start: every value that cannot be, and every key of its section
/// that does not exist, is a sentence for the operator.
/// </summary>
/// <remarks>
/// In place of the framework's binder, which takes 15 for 15 days, one value for an empty list, and no notice of a key that it does not
/// know.
/// </remarks>
/// <param name="classes">All classes of options: who shares the section has keys in it too.</param>
/// <param name="services">Has the options of others, for a rule between these and those.</param>
internal sealed class SettingsSection<TOptions>(
    IConfiguration configuration, IEnumerable<SettingsInForce> classes, IServiceProvider services)
    : IConfigureOptions<TOptions>, IValidateOptions<TOptions>
    where TOptions : class
{
    public static readonly IReadOnlyList<Setting> Settings = Setting.Of(typeof(TOptions));

    public void Configure(TOptions options)
    {
        foreach (var setting in Settings)
        {
            if (setting.Read(configuration).Value is { } value)
                setting.Set(options, value);
        }
    }

    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var written = Settings.Select(setting => setting.Read(configuration).Fault ?? setting.Check(options)).OfType<string>();
        string[] faults = [.. Unknown(), .. written];
        if (faults.Length == 0)
            faults = Own(options);   // they compare values that are good each by itself
        return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private string[] Own(TOptions options)
    {
        try
        {
            return options is IValidatableObject together
                ? [.. together.Validate(new ValidationContext(options, services, items: null)).Select(result => result.ErrorMessage!)]
                : [];
        }
        catch (OptionsValidationException)
        {
            return [];   // options of another class cannot be, and are not to be compared with: it says so itself
        }
    }

    private IEnumerable<string> Unknown()
    {
        var section = configuration.GetSection(Setting.SectionOf(typeof(TOptions)));
        var sharing = classes.Where(other => Setting.SectionOf(other.Type) == section.Key).ToArray();
        var known = sharing.SelectMany(other => other.Keys).ToArray();
        if (known.Length == 0 || sharing[0].Type != typeof(TOptions))
            yield break;   // the first of those that share a section looks through it
        if (section.Value is { Length: > 0 } value)
            yield return $"{section.Key} is \"{value}\", but it is a section, and has no value of its own. Write {known[0]}, or another of its settings.";
        foreach (var child in section.GetChildren())
        {
            if (!known.Contains(child.Path, StringComparer.OrdinalIgnoreCase) && !IsTheFrameworks(child))
                yield return $"{child.Path} is no setting. {NearestName.Hint(child.Path, known)}";
        }
    }

    /// <summary>
    /// .NET chooses which meters are listened to by a section <c>Metrics</c> too: <c>Metrics:EnabledMetrics</c>,
    /// <c>Metrics:LISTENER:EnabledMetrics</c>.
    /// </summary>
    private static bool IsTheFrameworks(IConfigurationSection child) =>
        Setting.SectionOf(typeof(TOptions)) == "Metrics"
        && (child.Key.Equals("EnabledMetrics", StringComparison.OrdinalIgnoreCase) || child.GetSection("EnabledMetrics").Exists());
}
