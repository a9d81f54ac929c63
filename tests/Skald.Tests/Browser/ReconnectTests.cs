using Skald.Tests.Harness;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>Who loses the network comes back to everything, and what was written meanwhile is stored once.</summary>
public sealed class ReconnectTests(Chromium chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task Who_loses_the_network_is_told_so_and_gets_what_was_missed_once_and_in_order()
    {
        var server = await StartServerAsync();
        var network = Keep(new Network(server.Address));
        var ann = await OpenAsAsync("ann", network.Address);
        var ben = await OpenAsAsync("ben", server.Address);
        await ann.SayAsync("before");
        await ben.ExpectMessagesAsync("before");

        network.Cut();
        await ann.ExpectStateAsync("reconnecting");
        foreach (var text in new[] { "one", "two", "three" })
            await ben.SayAsync(text);
        await ben.ExpectMessagesAsync("before", "one", "two", "three");
        await ann.ExpectMessagesAsync("before");
        network.Mend();

        await Expect(ann.Part("notice-text")).ToHaveTextAsync("Back online · 3 missed messages");
        await ann.ExpectStateAsync("ready");
        await ben.SayAsync("after");
        await ann.ExpectMessagesAsync("before", "one", "two", "three", "after");
        await ann.AssertNumberedToAsync(5);
    }

    [Fact]
    public async Task Device_without_a_network_is_believed_at_once_before_the_connection_is_known_to_be_gone()
    {
        var server = await StartServerAsync();
        var network = Keep(new Network(server.Address));
        var now = TimeProvider.System.GetUtcNow();
        var ann = await OpenAsync(network.Address, now: now);
        await ann.RegisterAsync("ann");
        await ann.Page.Clock.PauseAtAsync(now.AddMinutes(1).UtcDateTime);   // whatever waits for time to pass waits for ever
        network.LoseAnswers();

        await ann.Page.Context.SetOfflineAsync(true);
        await Expect(ann.Part("connection-word")).ToHaveTextAsync("No network");
        await Expect(ann.Page.Locator("#banner-text"))
            .ToHaveTextAsync("This device is offline. You can go on writing: it is sent when the network is back.");
        await Expect(ann.Page.Locator("#banner-action")).ToBeHiddenAsync();
        await Expect(ann.Part("connection-detail")).ToContainTextAsync("This device is offline.");

        network.Mend();
        await ann.Page.Context.SetOfflineAsync(false);
        await ann.ExpectStateAsync("ready");
        await Expect(ann.Part("connection-word")).ToHaveTextAsync("Connected");
        await Expect(ann.Page.Locator("#banner")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Device_stays_without_a_network_when_the_connection_is_given_up_and_what_was_written_is_sent_when_it_is_back()
    {
        var server = await StartServerAsync();
        var network = Keep(new Network(server.Address));
        var ann = await OpenAsAsync("ann", network.Address);

        await ann.Page.Context.SetOfflineAsync(true);
        network.Cut();
        await Expect(ann.Part("connection-detail")).ToContainTextAsync("Away since");
        await ann.ExpectStateAsync("offline");
        await ann.SayAsync("written on a train");
        await Expect(ann.Unsent).ToHaveCountAsync(1);

        network.Mend();
        await ann.Page.Context.SetOfflineAsync(false);
        await Expect(ann.Part("notice-text")).ToHaveTextAsync("Back online");
        await ann.ExpectMessagesAsync("written on a train");
        await Expect(ann.Part("connection-detail")).ToContainTextAsync("1 interruption since you signed in");
    }

    [Fact]
    public async Task What_is_written_offline_waits_in_sight_and_is_stored_once()
    {
        var server = await StartServerAsync();
        var network = Keep(new Network(server.Address));
        var ann = await OpenAsAsync("ann", network.Address);
        var ben = await server.RegisterAsync("ben");
        network.Cut();
        await ann.ExpectStateAsync("reconnecting");

        await ann.SayAsync("one");
        await ann.SayAsync("two");
        await Expect(ann.Unsent).ToHaveCountAsync(2);
        await Expect(ann.Part("message-text")).ToHaveTextAsync(["one", "two"]);
        (await ben.PublishAsync("global", "meanwhile")).EnsureSuccessStatusCode().Dispose();
        Assert.Equal(["meanwhile"], await HistoryAsync(ben));
        network.Mend();

        await ann.ExpectMessagesAsync("meanwhile", "one", "two");
        Assert.Equal(["meanwhile", "one", "two"], await HistoryAsync(ben));
    }

    [Fact]
    public async Task A_message_whose_ack_was_lost_on_the_way_is_stored_once()
    {
        var server = await StartServerAsync();
        var network = Keep(new Network(server.Address));
        var ann = await OpenAsAsync("ann", network.Address);
        var ben = await server.RegisterAsync("ben");
        await using var reader = await ben.JoinAsync("global");

        network.LoseAnswers();
        await ann.SayAsync("only once");
        Assert.Equal(["only once"], await reader.ReceiveMessagesAsync(1));
        await Expect(ann.Unsent).ToHaveCountAsync(1);
        network.Cut();
        await ann.ExpectStateAsync("reconnecting");
        network.Mend();

        await ann.ExpectMessagesAsync("only once");
        await ann.SayAsync("and on");
        await ann.ExpectMessagesAsync("only once", "and on");
        Assert.Equal(["only once", "and on"], await HistoryAsync(ben));
    }

    [Fact]
    public async Task What_was_not_sent_when_the_page_closed_is_sent_once_when_it_is_opened_again()
    {
        var server = await StartServerAsync();
        var network = Keep(new Network(server.Address));
        var ann = await OpenAsAsync("ann", network.Address);
        var ben = await server.RegisterAsync("ben");
        network.Cut();
        await ann.ExpectStateAsync("reconnecting");
        await ann.SayAsync("kept");
        await Expect(ann.Unsent).ToHaveCountAsync(1);

        await ann.Page.GotoAsync("about:blank");
        network.Mend();
        await ann.Page.GotoAsync("/");

        await ann.ExpectMessagesAsync("kept");
        Assert.Equal(["kept"], await HistoryAsync(ben));
    }

    [Fact]
    public async Task A_restart_of_the_server_is_survived_on_both_sides()
    {
        using var data = new TestDirectory();
        await using var first = await SkaldServer.StartAsync([("Connections:DrainSpread", "00:00:00.2")], data: data.Path);
        var address = first.Address;
        var ann = await OpenAsAsync("ann", address);
        await ann.SayAsync("before");
        await ann.ExpectMessagesAsync("before");

        await first.DisposeAsync();
        await ann.ExpectStateAsync("reconnecting");
        await ann.SayAsync("between");
        await Expect(ann.Unsent).ToHaveCountAsync(1);
        await using var second = await SkaldServer.StartAsync([("Urls", address.ToString())], data: data.Path);

        await ann.ExpectStateAsync("ready");
        await ann.ExpectMessagesAsync("before", "between");
        Assert.Equal(["before", "between"], await HistoryAsync(await second.LoginAsync("ann")));
        await ann.Page.Context.CloseAsync();
    }

    private static async Task<string[]> HistoryAsync(TestUser user) =>
        [.. (await user.HistoryAsync("global")).Select(message => message.GetProperty("message").GetString()!)];
}
