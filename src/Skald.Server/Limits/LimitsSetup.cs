using Microsoft.Extensions.Options;
using Skald.Server.Settings;

namespace Skald.Server.Limits;

internal static class LimitsSetup
{
    public static void AddLimits(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<LimitsOptions>(configuration);
        services.AddLimits<RequestLimits>(configuration);
    }

    /// <summary>Adds the limits that one folder holds. They are read from the section <c>Limits</c>, as all are.</summary>
    /// <typeparam name="TLimits">A class whose name ends with <c>Limits</c>.</typeparam>
    public static OptionsBuilder<TLimits> AddLimits<TLimits>(this IServiceCollection services, IConfiguration configuration)
        where TLimits : class
    {
        services.AddSingleton<IPostConfigureOptions<TLimits>, LimitsSwitch<TLimits>>();
        return services.AddSettings<TLimits>(configuration);
    }
}
