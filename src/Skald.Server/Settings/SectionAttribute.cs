namespace Skald.Server.Settings;

/// <summary>Reads a class of options from another section than its name says: one that it shares.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SectionAttribute(string name) : Attribute
{
    public string Name => name;
}
