using System.Data.Common;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Connections;
using Skald.Server.Database;
using Skald.Server.Identity;
using Skald.Server.Transport;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>A socket that signs in, and its session that ends, at the same instant on two threads.</summary>
public sealed class SessionEndRaceTests
{
    private static readonly int Rounds = Seed.Count(300, 1_000);

    [Fact]
    [Attack("A-66")]
    public async Task Socket_that_signs_in_while_its_session_ends_never_stays()
    {
        var stayed = await RaceAsync((registry, _, connection, user) => registry.SignIn(connection, user) is not null);

        Assert.Equal(0, stayed);
    }

    [Fact]
    public async Task Asking_first_and_signing_in_later_lets_some_stay()
    {
        var stayed = await RaceAsync((registry, sessions, connection, user) =>
        {
            using var told = new ManualResetEventSlim();
            void Tell(long session) => told.Set();
            sessions.Ended += Tell;
            var ended = sessions.IsEnded(user.SessionId);
            // The registry was told before us: what it lists from now on, nobody closes.
            Assert.True(ended || told.Wait(Deadline.Default));
            sessions.Ended -= Tell;
            registry.SignIn(connection, user);
            return ended;
        });

        Assert.NotEqual(0, stayed);
    }

    /// <param name="signIn">Signs in, and says whether the socket was refused.</param>
    /// <returns>How many sockets were neither refused nor closed.</returns>
    private static async Task<int> RaceAsync(Func<ConnectionRegistry, SessionLifecycle, Connection, CurrentUser, bool> signIn)
    {
        using var meeting = new Barrier(2);
        var round = 0;
        MeetingDatabase database = null!;
        await using var server = await SkaldServer.StartAsync(configure: services => services.AddSingleton(provider =>
            new AccountStore(database = new MeetingDatabase(provider.GetRequiredService<IDatabase>(), () => Meet(meeting, round % 20)))));
        await server.RegisterAsync("ann");
        var (registry, sessions, tokens) = (
            server.Services.GetRequiredService<ConnectionRegistry>(), server.Services.GetRequiredService<SessionLifecycle>(),
            server.Services.GetRequiredService<AccessTokens>());
        var account = (await server.Services.GetRequiredService<AccountStore>().FindAccountAsync(1))!;
        var stayed = 0;
        for (; round < Rounds; round++)
        {
            Assert.True((await tokens.ValidateAsync((await sessions.BeginAsync(account, "test"))!.Access)).TryGet(out var user, out _));
            using var stream = new MemoryStream();
            var socket = new UpgradedStream(stream, () => { });
            using var connection = server.Services.NewConnection(socket);
            registry.Add(connection);

            database.Meets = true;
            var ending = Task.Run(() => sessions.RevokeAsync(user.Id, user.SessionId));
            Meet(meeting, round / 20);
            var refused = signIn(registry, sessions, connection, user);
            Assert.True(await ending.Within());
            database.Meets = false;
            stayed += refused || connection.Outbound.Finished.IsCompleted ? 0 : 1;
            registry.Remove(connection);
        }

        return stayed;
    }

    /// <summary>Meets the other thread, and goes on a little later each time.</summary>
    private static void Meet(Barrier meeting, int later)
    {
        Assert.True(meeting.SignalAndWait(Deadline.Default));
        Thread.SpinWait(later * 5);
    }
}

/// <summary>A database with a meeting when a session's end is on disk and nobody has heard of it yet.</summary>
internal sealed class MeetingDatabase(IDatabase database, Action meet) : DatabaseBehind(database)
{
    private volatile bool _meets;

    /// <summary>Whether there is a meeting behind each write.</summary>
    public bool Meets
    {
        set => _meets = value;
    }

    public override async Task<T> WriteAsync<T>(Func<DbConnection, Task<T>> work)
    {
        var result = await base.WriteAsync(work);
        if (_meets)
            meet();
        return result;
    }
}
