using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Identity;
using Skald.Tests.Harness;

namespace Skald.Tests.Identity;

/// <summary>What tickets must do wherever they are kept.</summary>
public abstract class SocketTicketsContract : IAsyncLifetime
{
    private static readonly CurrentUser Ann = new(7, "ann", 1);

    private readonly FakeClock _clock = new();
    private readonly EndedSessions _ended;
    private ISocketTickets? _tickets;

    protected SocketTicketsContract() => _ended = new EndedSessions(Identity, _clock);

    private protected static IOptions<IdentityOptions> Identity { get; } = Options.Create(new IdentityOptions());

    private protected static IOptions<IdentityLimits> Limits { get; } = Options.Create(new IdentityLimits());

    private ISocketTickets Tickets => _tickets!;

    public async ValueTask InitializeAsync() => _tickets = await OpenAsync(_ended, _clock);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Ticket_stands_for_its_user_once()
    {
        var ticket = await IssueAsync();
        Assert.Equal(Ann, await Tickets.RedeemAsync(ticket));
        Assert.Null(await Tickets.RedeemAsync(ticket));
        Assert.Null(await Tickets.RedeemAsync(""));
        Assert.Null(await Tickets.RedeemAsync("\0"));
    }

    [Fact]
    [Attack("A-4")]
    public async Task Of_fifty_who_use_a_ticket_at_once_one_succeeds()
    {
        var ticket = await IssueAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () => await Tickets.RedeemAsync(ticket))));
        Assert.Single(results, redeemed => redeemed is not null);
    }

    [Fact]
    public async Task Ticket_waits_30_s()
    {
        var (early, late) = (await IssueAsync(), await IssueAsync());
        await PassAsync(TimeSpan.FromSeconds(29.9));
        Assert.NotNull(await Tickets.RedeemAsync(early));
        await PassAsync(TimeSpan.FromSeconds(0.1));
        Assert.Null(await Tickets.RedeemAsync(late));
    }

    [Fact]
    public async Task Ticket_ends_with_its_session()
    {
        var ticket = await IssueAsync();
        _ended.Add(Ann.SessionId, Timestamp.From(_clock.GetUtcNow()));
        Assert.Null(await Tickets.RedeemAsync(ticket));
    }

    [Fact]
    public async Task Session_holds_64_unused_tickets_and_no_more_until_some_are_used_or_expire()
    {
        var tickets = new List<string>();
        for (var i = 0; i < 64; i++)
            tickets.Add(await IssueAsync());
        Assert.Null(await Tickets.IssueAsync(Ann));
        Assert.NotNull(await Tickets.IssueAsync(Ann with { SessionId = 2 }));

        Assert.NotNull(await Tickets.RedeemAsync(tickets[0]));
        Assert.NotNull(await Tickets.IssueAsync(Ann));
        Assert.Null(await Tickets.IssueAsync(Ann));
        await PassAsync(TimeSpan.FromSeconds(30));
        Assert.NotNull(await Tickets.IssueAsync(Ann));
    }

    [Fact]
    public async Task Of_a_hundred_that_a_session_asks_for_at_once_it_gets_64()
    {
        var issued = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(async () => await Tickets.IssueAsync(Ann))));
        Assert.Equal(64, issued.Count(ticket => ticket is not null));
    }

    private protected abstract Task<ISocketTickets> OpenAsync(EndedSessions ended, FakeClock clock);

    /// <summary>Time goes on, where the tickets are kept.</summary>
    private protected virtual Task PassAsync(TimeSpan time)
    {
        _clock.Advance(time);
        return Task.CompletedTask;
    }

    private async Task<string> IssueAsync() => Assert.IsType<string>(await Tickets.IssueAsync(Ann));
}
