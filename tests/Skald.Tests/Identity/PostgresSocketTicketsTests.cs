using System.Net;
using System.Net.WebSockets;
using Skald.Server.Identity;
using Skald.Server.Storage.Postgres;
using Skald.Tests.Harness;
using Skald.Tests.Storage;

namespace Skald.Tests.Identity;

public sealed class PostgresSocketTicketsTests : SocketTicketsContract
{
    private readonly PostgresStores _postgres = new();

    public override async ValueTask DisposeAsync()
    {
        await _postgres.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    [Attack("A-4")]
    public async Task Ticket_of_one_node_opens_one_socket_among_64_that_try_at_both()
    {
        await using var nodes = await TestCluster.StartAsync(2);
        var ann = await nodes[0].RegisterAsync("ann");
        for (var round = 0; round < 5; round++)
        {
            var ticket = await ann.TicketAsync();
            var opened = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => TryOpenAsync(nodes[i % 2], ticket)));
            Assert.Equal(1, opened.Count(yes => yes));
        }

        await using var there = await ChatSocket.OpenAsync(nodes[1].SocketAddress($"/ws/?ticket={await ann.TicketAsync()}"));
        Assert.Equal("ann", (await there.ExpectAsync("ready")).GetProperty("user").GetProperty("username").GetString());
    }

    /// <summary>Before the other node has found out by itself.</summary>
    [Fact]
    public async Task Ticket_of_a_session_that_has_ended_elsewhere_opens_nothing()
    {
        await using var nodes = await TestCluster.StartAsync(2);
        var ann = await nodes[0].RegisterAsync("ann");
        var ticket = await ann.TicketAsync();

        (await ann.SendAsync(HttpMethod.Post, "/api/logout/")).EnsureSuccessStatusCode();

        Assert.False(await TryOpenAsync(nodes[1], ticket));
    }

    [Fact]
    public async Task Table_holds_no_ticket_and_loses_those_that_are_too_old_as_others_come()
    {
        await using var nodes = await TestCluster.StartAsync(1);
        var ann = await nodes[0].RegisterAsync("ann");
        var ticket = await ann.TicketAsync();
        Assert.Equal(0L, await nodes.ExecuteAsync($"SELECT count(*) FROM tickets t WHERE t::text LIKE '%{ticket}%'"));
        await nodes.ExecuteAsync(
            "INSERT INTO tickets SELECT sha256(i::text::bytea), 1, 1, 'ann', 1 FROM generate_series(1, 150) i");

        await ann.TicketAsync();
        await ann.TicketAsync();

        Assert.Equal(3L, await nodes.ExecuteAsync("SELECT count(*) FROM tickets"));
    }

    [Fact]
    public async Task While_PostgreSQL_is_away_a_ticket_is_refused_as_to_be_tried_again()
    {
        await using var postgres = await Harness.PostgresServer.StartAsync();
        await using var server = await SkaldServer.StartAsync(TestCluster.Settings(postgres.ConnectionString("postgres")));
        var ann = await server.RegisterAsync("ann");
        var ticket = await ann.TicketAsync();
        await postgres.StopAsync();

        using var refused = await ann.SendAsync(HttpMethod.Post, "/api/ws-ticket/");
        var handshake = await RawHttp.HandshakeAsync(server.Address, $"/ws/?ticket={ticket}");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("storage_failed", handshake.Code);
    }

    private protected override async Task<ISocketTickets> OpenAsync(EndedSessions ended, FakeClock clock)
    {
        await _postgres.OpenAsync();
        await _postgres.StopClockAsync();
        return new PostgresSocketTickets(_postgres.Database, ended, Identity, Limits, clock);
    }

    private protected override async Task PassAsync(TimeSpan time) => await (await _postgres.StopClockAsync()).PassAsync(time);

    private static async Task<bool> TryOpenAsync(SkaldServer node, string ticket)
    {
        try
        {
            await using var socket = await ChatSocket.OpenAsync(node.SocketAddress($"/ws/?ticket={ticket}"));
            return true;
        }
        catch (WebSocketException)
        {
            return false;
        }
    }
}
