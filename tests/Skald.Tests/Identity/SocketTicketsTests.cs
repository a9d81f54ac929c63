using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Identity;
using Skald.Tests.Harness;

namespace Skald.Tests.Identity;

public sealed class SocketTicketsTests
{
    private static readonly CurrentUser Ann = new(7, "ann", 1);

    private readonly FakeClock _clock = new();
    private readonly EndedSessions _ended;
    private readonly SocketTickets _tickets;

    public SocketTicketsTests()
    {
        var options = Options.Create(new IdentityOptions());
        _ended = new EndedSessions(options, _clock);
        _tickets = new SocketTickets(_ended, options, Options.Create(new IdentityLimits()), _clock);
    }

    [Fact]
    public void Ticket_stands_for_its_user_once()
    {
        var ticket = _tickets.Issue(Ann)!;
        Assert.True(_tickets.TryRedeem(ticket, out var user));
        Assert.Equal(Ann, user);
        Assert.False(_tickets.TryRedeem(ticket, out _));
        Assert.False(_tickets.TryRedeem("", out _));
    }

    [Fact]
    [Attack("A-4")]
    public async Task Of_fifty_who_use_a_ticket_at_once_one_succeeds()
    {
        var ticket = _tickets.Issue(Ann)!;
        var results =
            await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => _tickets.TryRedeem(ticket, out CurrentUser _))));
        Assert.Single(results, redeemed => redeemed);
    }

    [Fact]
    public void Ticket_waits_30_s()
    {
        var (early, late) = (_tickets.Issue(Ann)!, _tickets.Issue(Ann)!);
        _clock.Advance(TimeSpan.FromSeconds(29.9));
        Assert.True(_tickets.TryRedeem(early, out _));
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(_tickets.TryRedeem(late, out _));
    }

    [Fact]
    public void Ticket_ends_with_its_session()
    {
        var ticket = _tickets.Issue(Ann)!;
        _ended.Add(Ann.SessionId, Timestamp.From(_clock.GetUtcNow()));
        Assert.False(_tickets.TryRedeem(ticket, out _));
    }

    [Fact]
    public void Session_holds_64_unused_tickets_and_no_more_until_some_are_used_or_expire()
    {
        var tickets = Enumerable.Range(0, 64).Select(_ => _tickets.Issue(Ann)).ToList();
        Assert.DoesNotContain(null, tickets);
        Assert.Null(_tickets.Issue(Ann));
        Assert.NotNull(_tickets.Issue(Ann with { SessionId = 2 }));

        Assert.True(_tickets.TryRedeem(tickets[0]!, out _));
        Assert.NotNull(_tickets.Issue(Ann));
        Assert.Null(_tickets.Issue(Ann));
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.NotNull(_tickets.Issue(Ann));
    }
}
