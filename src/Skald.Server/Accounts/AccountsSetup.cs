using Microsoft.Extensions.Options;
using Skald.Server.Operations;
using Skald.Server.Operations.Settings;

namespace Skald.Server.Accounts;

internal static class AccountsSetup
{
    public static void AddAccounts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<AccountsOptions>(configuration);
        services.AddSingleton<AccountStore>();
        services.AddSingleton(OpenKeys);
        services.AddSingleton<EndedSessions>();
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<RefreshTokens>();
        services.AddSingleton<RefreshCookie>();
        services.AddSingleton<Sessions>();
        services.AddSingleton<SocketTickets>();
        services.AddSingleton<PasswordHasher>();
        services.AddSingleton<LoginThrottle>();
        services.AddSingleton<Registration>();
        services.AddSingleton<Login>();
        services.AddSingleton<PasswordChange>();
        services.AddHostedService<AccountsStartup>();
    }

    public static void MapAccounts(this IEndpointRouteBuilder endpoints)
    {
        // Tokens and personal data: no cache on the way may keep them.
        var api = endpoints.MapGroup("/api").AddEndpointFilter((context, next) =>
        {
            context.HttpContext.Response.Headers.CacheControl = "no-store";
            return next(context);
        });
        api.MapSignIn();
        api.MapMe();
    }

    private static KeyRing OpenKeys(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<AccountsOptions>>().Value;
        if (options.SigningKey is { } key)
            return KeyRing.FromSettings(key, options.PreviousSigningKey);
        var path = Path.Combine(Path.GetFullPath(services.GetRequiredService<IOptions<DataOptions>>().Value.Directory), KeyFile.Name);
        return new KeyFile(path, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<KeyFile>>()).Open();
    }
}
