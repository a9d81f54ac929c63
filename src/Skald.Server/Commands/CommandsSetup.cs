namespace Skald.Server.Commands;

internal static class CommandsSetup
{
    public static void AddCommands(this IServiceCollection services) => services.AddSingleton<CommandTable>();

    /// <summary>Has a command handled.</summary>
    public static void AddCommand<THandler>(this IServiceCollection services)
        where THandler : CommandHandler => services.AddSingleton<CommandHandler, THandler>();
}
