using Skald.Server.Limits;

namespace Skald.Server.Commands;

internal static class CommandsSetup
{
    public static void AddCommands(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddLimits<WireLimits>(configuration);
        services.AddSingleton<CommandTable>();
        services.AddSingleton<HttpCommands>();
    }

    /// <summary>Has a command handled.</summary>
    public static void AddCommand<THandler>(this IServiceCollection services)
        where THandler : CommandHandler => services.AddSingleton<CommandHandler, THandler>();
}
