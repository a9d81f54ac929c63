using Skald.Tests.Harness;

namespace Skald.Tests.Browser;

/// <summary>The page over Kestrel's own TLS: the browser speaks HTTP/2, and opens its sockets as streams of that connection.</summary>
public sealed class TlsTests(Chromium chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task Page_over_TLS_gets_its_chat()
    {
        var server = Keep(await SkaldServer.StartAsync(certificate: TestCertificate.Value));
        var ann = await OpenAsAsync("ann", server.Address);
        var ben = await OpenAsAsync("ben", server.Address);

        await ann.SayAsync("one");
        await ben.ExpectMessagesAsync("one");
        await ben.SayAsync("two");

        await ann.ExpectMessagesAsync("one", "two");
        Assert.Equal("h2", await ann.Page.EvaluateAsync<string>("performance.getEntriesByType('navigation')[0].nextHopProtocol"));
    }

    /// <summary>A page of one's own has no other place for a token that no log keeps.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Browser_may_bring_its_token_as_a_subprotocol(bool tls)
    {
        var server = Keep(await SkaldServer.StartAsync(certificate: tls ? TestCertificate.Value : null));
        var ann = await server.RegisterAsync("ann");
        var page = await OpenAsync(server.Address);

        var answer = await page.Page.EvaluateAsync<string>(
            """
            ([address, token]) => new Promise((resolve) => {
              const socket = new WebSocket(address, ["skald", `skald.token.${token}`]);
              socket.onmessage = (frame) => resolve(`${socket.protocol} ${JSON.parse(frame.data).type}`);
              socket.onclose = () => resolve("closed");
            })
            """,
            new[] { server.SocketAddress("/ws/").ToString(), ann.Access });

        Assert.Equal("skald ready", answer);
    }
}
