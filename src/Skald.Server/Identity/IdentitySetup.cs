using Microsoft.Extensions.Options;
using Skald.Server.Database;
using Skald.Server.Limits;
using Skald.Server.Settings;

namespace Skald.Server.Identity;

/// <summary>Wiring. Needs a <see cref="UserExists"/> from the accounts, and <see cref="ISocketTickets"/> from an engine.</summary>
internal static class IdentitySetup
{
    public static void AddIdentity(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<IdentityOptions>(configuration);
        services.AddLimits<IdentityLimits>(configuration);
        services.AddSingleton(OpenKeys);
        services.AddSingleton<EndedSessions>();
        services.AddSingleton<AccessTokens>();
    }

    private static KeyRing OpenKeys(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<IdentityOptions>>().Value;
        if (options.SigningKey is { } key)
            return KeyRing.FromSettings(key, options.PreviousSigningKey);
        var path = Path.Combine(Path.GetFullPath(services.GetRequiredService<IOptions<DataOptions>>().Value.Directory), KeyFile.Name);
        return new KeyFile(path, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<KeyFile>>()).Open();
    }
}
