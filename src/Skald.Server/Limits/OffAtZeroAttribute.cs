using System.Globalization;
using System.Reflection;

namespace Skald.Server.Limits;

/// <summary>
/// Marks a rate or a count: 0 is no limit, of which the server warns at start and each hour, and <c>Limits:Enabled</c> = false sets it
/// to 0. A limit without this mark is a size or a time, and holds always.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OffAtZeroAttribute : Attribute
{
    /// <summary>Whether it also bounds what a client can fill in memory: then <c>Limits:Enabled</c> = false leaves it.</summary>
    public bool BoundsMemory { get; set; }

    /// <summary>Whether a limit has this mark, and a value at which it limits nothing.</summary>
    internal static bool IsOff(PropertyInfo limit, object? value) =>
        limit.IsDefined(typeof(OffAtZeroAttribute)) && Convert.ToDouble(value, CultureInfo.InvariantCulture) <= 0;

    /// <summary>Sets the rates and counts of a class of limits to 0.</summary>
    internal static void SwitchOff(object limits)
    {
        foreach (var limit in limits.GetType().GetProperties())
        {
            if (limit.GetCustomAttribute<OffAtZeroAttribute>() is { BoundsMemory: false })
                limit.SetValue(limits, Convert.ChangeType(0, limit.PropertyType, CultureInfo.InvariantCulture));
        }
    }
}
