using Microsoft.Extensions.Options;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Operations;

namespace Skald.Server.Accounts;

/// <summary>
/// What must be so before the first request: keys are there, ended sessions are known, and weak settings are said aloud.
/// </summary>
internal sealed class AccountsStartup(SessionLifecycle sessions, IOptions<AccountsOptions> options, WeakSettings weak) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var (iterations, length) = (options.Value.PasswordIterations, options.Value.PasswordMinLength);
        if (iterations < AccountsOptions.SoundPasswordIterations)
            weak.Report("Accounts:PasswordIterations", $"{iterations} rounds: passwords of a stolen database are found quickly. Use {AccountsOptions.SoundPasswordIterations} or more outside of tests");
        if (length < AccountsOptions.SoundPasswordLength)
            weak.Report(
                "Accounts:PasswordMinLength",
                $"passwords of {length} code points can be guessed. Use {AccountsOptions.SoundPasswordLength} or more");
        if (!options.Value.RotateRefreshTokens)
            weak.Report("Accounts:RotateRefreshTokens", "a stolen refresh token works until its session ends, and nobody notices. Let it be on, unless a front end keeps its first token");
        await sessions.LoadEndedAsync();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
