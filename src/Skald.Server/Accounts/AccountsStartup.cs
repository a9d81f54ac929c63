using Microsoft.Extensions.Options;

namespace Skald.Server.Accounts;

/// <summary>What must be so before the first request: keys are there, ended sessions are known, and weak settings are said aloud .</summary>
internal sealed partial class AccountsStartup(
    Sessions sessions, IOptions<AccountsOptions> options, ILogger<AccountsStartup> logger)
    : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.PasswordIterations < AccountsOptions.SoundPasswordIterations)
            Log.WeakPasswords(logger, options.Value.PasswordIterations, AccountsOptions.SoundPasswordIterations);
        await sessions.LoadEndedAsync();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(1030, LogLevel.Warning, "Accounts:PasswordIterations is {Iterations}: passwords of a stolen database are found quickly. Use {Sound} or more outside of tests")]
        public static partial void WeakPasswords(ILogger logger, int iterations, int sound);
    }
}
