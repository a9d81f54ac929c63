namespace Skald.Server.Settings;

/// <summary>Gives a setting a key of its own, where it is not its section and the name of its property.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SettingAttribute(string key) : Attribute
{
    public string Key => key;
}
