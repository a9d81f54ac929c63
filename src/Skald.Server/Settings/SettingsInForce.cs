namespace Skald.Server.Settings;

/// <summary>The settings of a class of options, with what they are on this server.</summary>
/// <param name="type">The class.</param>
/// <param name="settings">What it has.</param>
/// <param name="options">Reads and judges them, where that has not been done yet.</param>
internal sealed class SettingsInForce(Type type, IReadOnlyList<Setting> settings, Func<object> options)
{
    public Type Type => type;

    /// <summary>Keys of the section that this class is bound to.</summary>
    public IEnumerable<string> Keys => settings.Where(setting => setting.IsInSection).Select(setting => setting.Key);

    public IEnumerable<(Setting Setting, object? Value)> All =>
        settings.Select(setting => (setting, setting.Property.GetValue(options())));
}
