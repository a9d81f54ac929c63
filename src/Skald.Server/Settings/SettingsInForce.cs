namespace Skald.Server.Settings;

/// <summary>The settings of a class of options, with what they are on this server.</summary>
internal sealed class SettingsInForce(IReadOnlyList<Setting> settings, Func<object> options)
{
    /// <summary>Each key with its value as the documentation spells it: <c>Limits:PingInterval</c>, <c>15 s</c>.</summary>
    public IEnumerable<(string Key, string Value)> All =>
        settings.Select(setting => (setting.Key, Spelling.Show(setting.Property.GetValue(options()))));
}
