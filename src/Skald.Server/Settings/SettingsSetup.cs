using Microsoft.Extensions.Options;

namespace Skald.Server.Settings;

internal static class SettingsSetup
{
    /// <summary>
    /// Adds a class of options that is read from the configuration and judged at start. Several classes may share a section.
    /// </summary>
    public static OptionsBuilder<TOptions> AddSettings<TOptions>(this IServiceCollection services, IConfiguration configuration)
        where TOptions : class
    {
        services.AddSingleton(provider => new SettingsSection<TOptions>(
            configuration, provider.GetServices<SettingsInForce>(), provider));
        services.AddSingleton<IConfigureOptions<TOptions>>(provider => provider.GetRequiredService<SettingsSection<TOptions>>());
        services.AddSingleton<IValidateOptions<TOptions>>(provider => provider.GetRequiredService<SettingsSection<TOptions>>());
        services.AddSingleton(provider => new SettingsInForce(
            typeof(TOptions),
            SettingsSection<TOptions>.Settings,
            () => provider.GetRequiredService<IOptions<TOptions>>().Value));
        return services.AddOptions<TOptions>().ValidateOnStart();
    }
}
