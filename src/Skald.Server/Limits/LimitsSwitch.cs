using Microsoft.Extensions.Options;

namespace Skald.Server.Limits;

/// <summary>Does to one class of limits what <see cref="LimitsOptions.Enabled"/> says.</summary>
/// <remarks>
/// It reads the switch without its validation: a fault there, such as a key that does not exist, would throw here too, and hide the
/// faults of this class from the operator.
/// </remarks>
internal sealed class LimitsSwitch<TLimits>(
    IEnumerable<IConfigureOptions<LimitsOptions>> configure, IEnumerable<IPostConfigureOptions<LimitsOptions>> postConfigure)
    : IPostConfigureOptions<TLimits>
    where TLimits : class
{
    public void PostConfigure(string? name, TLimits options)
    {
        if (!new OptionsFactory<LimitsOptions>(configure, postConfigure).Create(Options.DefaultName).Enabled)
            OffAtZeroAttribute.SwitchOff(options);
    }
}
