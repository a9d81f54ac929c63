using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Database;
using Skald.Server.Identity;
using Skald.Server.Limits;
using Skald.Server.Operations;
using Skald.Server.Storage;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts;

/// <summary>
/// The accounts of the server as it wires them, on SQLite in a directory of its own or on PostgreSQL, under a clock that the test moves.
/// No HTTP.
/// </summary>
internal sealed class AccountsHarness : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly bool _ownsDirectory;

    private AccountsHarness(ServiceProvider services, string directory, bool ownsDirectory, FakeClock clock)
    {
        _services = services;
        _ownsDirectory = ownsDirectory;
        Directory = directory;
        Clock = clock;
    }

    public string Directory { get; }

    public FakeClock Clock { get; }

    public CapturedLog Log => Get<CapturedLog>();

    public AccountStore Store => Get<AccountStore>();

    public SessionLifecycle Sessions => Get<SessionLifecycle>();

    public AccessTokens AccessTokens => Get<AccessTokens>();

    public Timestamp Now => Timestamp.From(Clock.GetUtcNow());

    /// <param name="settings">As in appsettings.json, with colons.</param>
    /// <param name="directory">A data directory to open again; null for a new one, which goes with the harness.</param>
    /// <param name="clock">Null for a new one.</param>
    /// <param name="engine">Null for that of the run.</param>
    public static async Task<AccountsHarness> StartAsync(
        IEnumerable<KeyValuePair<string, string?>>? settings = null, string? directory = null, FakeClock? clock = null,
        string? engine = null)
    {
        var data = directory ?? TestData.NewDirectory();
        clock ??= new FakeClock();
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("Data", data), new("Accounts:PasswordIterations", "1000")])
            .AddInMemoryCollection(await TestEngine.SettingsAsync(data, engine))
            .AddInMemoryCollection(settings ?? [])
            .Build();

        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddSingleton<CapturedLog>();
        services.AddSingleton<ILoggerProvider>(provider => provider.GetRequiredService<CapturedLog>());
        services.AddLogging();
        services.AddLimits(configuration);
        services.AddOperations(configuration);
        services.AddDatabase(configuration);
        services.AddIdentity(configuration);
        services.AddAccounts(configuration);
        services.AddStorage(configuration);
        services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock));

        var harness = new AccountsHarness(services.BuildServiceProvider(validateScopes: true), data, directory is null, clock);
        foreach (var start in harness._services.GetServices<IHostedService>().Where(s => s is AccountsStartup))
            await start.StartAsync(TestContext.Current.CancellationToken);
        return harness;
    }

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public async Task<Account> RegisterAsync(string username = "ann", string password = "12345678")
    {
        Assert.True(Get<PasswordHasher>().TryHash(password, out var hashing));
        return Assert.IsType<Account>(await Store.CreateAccountAsync(username, "", await hashing, Now));
    }

    /// <summary>Begins a session of a user as a login does.</summary>
    public async Task<TokenPair> BeginAsync(Account account) =>
        Assert.IsType<TokenPair>(await Sessions.BeginAsync(account, "test"));

    public Task<Outcome<TokenPair>> LoginAsync(string username, string password, string address = "127.0.0.1") =>
        Get<Login>().SignInAsync(new LoginRequest(username, password), address, "test");

    public async Task<long> SessionIdAsync(TokenPair pair) => (await UserAsync(pair)).SessionId;

    public async Task<CurrentUser> UserAsync(TokenPair pair)
    {
        Assert.True((await AccessTokens.ValidateAsync(pair.Access)).TryGet(out var user, out _));
        return user;
    }

    public async Task<bool> WorksAsync(string access) => (await AccessTokens.ValidateAsync(access)).TryGet(out _, out _);

    /// <summary>Disables a user, as the operator does.</summary>
    public Task DisableAsync(Account account) => Store.SetDisabledAsync(account.Id, disabled: true, Now);

    /// <summary>Stops as the process would: the database is closed, its directory stays until the harness goes.</summary>
    public ValueTask StopAsync() => _services.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (!_ownsDirectory)
            return;
        await TestEngine.ForgetAsync(Directory);
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
