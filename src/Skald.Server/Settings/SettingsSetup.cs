using Microsoft.Extensions.Options;

namespace Skald.Server.Settings;

internal static class SettingsSetup
{
    /// <summary>Adds a class of options that is read from the configuration and judged at start.</summary>
    public static OptionsBuilder<TOptions> AddSettings<TOptions>(this IServiceCollection services, IConfiguration configuration)
        where TOptions : class
    {
        var section = new SettingsSection<TOptions>(configuration);
        services.AddSingleton<IConfigureOptions<TOptions>>(section);
        services.AddSingleton<IValidateOptions<TOptions>>(section);
        services.AddSingleton(provider =>
            new SettingsInForce(SettingsSection<TOptions>.Settings, () => provider.GetRequiredService<IOptions<TOptions>>().Value));
        return services.AddOptions<TOptions>().ValidateOnStart();
    }
}
