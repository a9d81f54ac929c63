using Skald.Server.Accounts.Passwords;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Identity;
using Skald.Server.Limits;
using Skald.Server.Settings;

namespace Skald.Server.Accounts;

/// <summary>Wiring. Needs an <see cref="ILoginThrottle"/> from an engine.</summary>
internal static class AccountsSetup
{
    public static void AddAccounts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<AccountsOptions>(configuration);
        services.AddLimits<AccountLimits>(configuration);
        services.AddSingleton<AccountStore>();
        services.AddSingleton<UserExists>(
            provider => async id => await provider.GetRequiredService<AccountStore>().FindAccountAsync(id) is not null);
        services.AddSingleton<RefreshTokens>();
        services.AddSingleton<RefreshCookie>();
        services.AddSingleton<SessionLifecycle>();
        services.AddSingleton<PasswordHasher>();
        services.AddSingleton<PasswordCheck>();
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
}
