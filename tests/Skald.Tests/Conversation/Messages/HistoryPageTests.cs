using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Skald.Tests.Harness;

namespace Skald.Tests.Conversation.Messages;

/// <summary><c>GET /api/chat/history/{room}/</c>: pages by seq.</summary>
[BothEngines]
public sealed class HistoryPageTests(SharedServer shared) : IClassFixture<SharedServer>
{
    [Fact]
    public async Task Room_that_nobody_used_is_an_empty_list()
    {
        var ann = shared.Ann;
        await ann.JoinAsync("only-joined");

        foreach (var room in new[] { "only-joined", "nobody-was-here" })
        {
            using var response = await ann.SendAsync(HttpMethod.Get, $"/api/chat/history/{room}/");
            Assert.Equal("[]", await response.Content.ReadAsStringAsync());
            Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
            Assert.False(response.Headers.Contains("Link"));
        }
    }

    [Fact]
    public async Task Message_has_the_one_shape_and_an_id_only_where_its_sender_gave_one()
    {
        var ann = shared.Ann;
        await ann.PublishAsync("shapes", "grüße 👋 \"q\" \\ \n <b>", "0b9f2c1e-7f3a");
        await ann.PublishAsync("shapes", "plain");
        await using var reader = await ann.ConnectAsync();
        await reader.JoinAsync("shapes", since: 0);

        var history = await ann.HistoryAsync("shapes");

        Assert.Equal(
            ["type", "room", "seq", "username", "message", "timestamp", "client_msg_id", "version"],
            history[0].EnumerateObject().Select(field => field.Name));
        Assert.Equal(
            ["type", "room", "seq", "username", "message", "timestamp", "version"],
            history[1].EnumerateObject().Select(field => field.Name));
        Assert.Equal("grüße 👋 \"q\" \\ \n <b>", history[0].GetProperty("message").GetString());
        foreach (var message in history)
            Assert.True(JsonElement.DeepEquals(message, await reader.ReceiveAsync()));   // the same on the socket
    }

    [Theory]
    [InlineData("", 21, 120)]
    [InlineData("?limit=5", 116, 120)]
    [InlineData("?limit=1", 120, 120)]
    [InlineData("?limit=1000", 1, 120)]
    [InlineData("?before=50", 1, 49)]
    [InlineData("?before=50&limit=10", 40, 49)]
    [InlineData("?before=2", 1, 1)]
    [InlineData("?before=1", 1, 0)]
    [InlineData("?before=9223372036854775807&limit=2", 119, 120)]
    [InlineData("?after=0&limit=3", 1, 3)]
    [InlineData("?after=100", 101, 120)]
    [InlineData("?after=100&limit=10", 101, 110)]
    [InlineData("?after=119", 120, 120)]
    [InlineData("?after=120", 1, 0)]
    [InlineData("?after=9223372036854775807", 1, 0)]
    [InlineData("?after=9223372036854775806&limit=1000", 1, 0)]
    [InlineData("?after=10&before=15", 11, 14)]
    [InlineData("?after=10&before=15&limit=2", 11, 12)]
    [InlineData("?after=15&before=10", 1, 0)]
    [InlineData("?after=10&before=11", 1, 0)]
    public async Task Page_holds_the_messages_asked_for_oldest_first(string query, int first, int last)
    {
        var ann = shared.Ann;
        var room = await FilledAsync(120);

        Assert.Equal(
            Enumerable.Range(first, last - first + 1).Select(seq => (long)seq),
            (await ann.HistoryAsync(room, query)).Select(message => message.GetProperty("seq").GetInt64()));
    }

    [Theory]
    [InlineData(120, "?limit=50", "prev")]
    [InlineData(120, "?limit=7", "prev")]
    [InlineData(120, "?limit=1000", "prev")]
    [InlineData(120, "", "prev")]
    [InlineData(100, "", "prev")]
    [InlineData(101, "", "prev")]
    [InlineData(120, "?after=0&limit=50", "next")]
    [InlineData(120, "?after=0&limit=60", "next")]
    [InlineData(120, "?after=0&limit=7", "next")]
    public async Task Walk_along_the_links_meets_every_message_once(int count, string query, string relation)
    {
        var ann = shared.Ann;
        var room = await FilledAsync(count);
        var seen = new List<long>();

        for (var path = (string?)$"/api/chat/history/{room}/{query}"; path is not null;)
        {
            using var response = await ann.SendAsync(HttpMethod.Get, path);
            var page = (await response.Content.ReadFromJsonAsync<JsonElement[]>())!.Select(message => message.GetProperty("seq").GetInt64())
                .ToArray();
            Assert.NotEmpty(page);
            seen.InsertRange(relation == "prev" ? 0 : seen.Count, page);
            path = Link(response, relation);
        }

        Assert.Equal(Enumerable.Range(1, count).Select(seq => (long)seq), seen);
    }

    [Theory]
    [InlineData("prev", "?limit=1000")]
    [InlineData("prev", "?before=40&limit=1000")]
    [InlineData("next", "?after=0&limit=1000")]
    public async Task Long_messages_make_short_pages_and_a_walk_meets_every_message_once(string relation, string query)
    {
        var ann = shared.Ann;
        var last = query.Contains("before", StringComparison.Ordinal) ? 39 : 60;
        await LongAsync(ann, "long", 60);
        var seen = new List<long>();

        for (var path = (string?)$"/api/chat/history/long/{query}"; path is not null;)
        {
            using var response = await ann.SendAsync(HttpMethod.Get, path);
            var body = await response.Content.ReadAsByteArrayAsync();
            Assert.InRange(body.Length, 1, (256 + 25) * 1024);   // and one message more
            var page = JsonSerializer.Deserialize<JsonElement[]>(body)!.Select(message => message.GetProperty("seq").GetInt64()).ToArray();
            Assert.InRange(page.Length, 1, 12);
            seen.InsertRange(relation == "prev" ? 0 : seen.Count, page);
            Assert.InRange(seen.Count, 1, last);
            path = Link(response, relation);
        }

        Assert.Equal(Enumerable.Range(1, last).Select(seq => (long)seq), seen);
    }

    [Fact]
    public async Task Page_is_handed_on_in_pieces_each_flushed_before_the_next()
    {
        var body = new Held();
        await using var server =
            await SkaldServer.StartAsync(configure: services => services.AddSingleton<IStartupFilter>(new Behind(body)));
        var ann = await server.RegisterAsync("ann");
        await LongAsync(ann, "global", 20);

        using var answer = await ann.SendAsync(HttpMethod.Get, "/api/chat/history/global/");

        var page = await answer.Content.ReadAsByteArrayAsync();
        Assert.True(page.Length > 256 * 1024);
        Assert.Equal(page.Length, body.Pieces.Sum());
        Assert.InRange(body.Pieces.Max(), 1, (32 + 25) * 1024);   // and one message more
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Page_that_is_taken_slowly_comes_whole_and_the_connection_goes_on(bool tls)
    {
        await using var server = await SkaldServer.StartAsync(certificate: tls ? TestCertificate.Value : null);
        var ann = await server.RegisterAsync("ann");
        await LongAsync(ann, "global", 20);
        using var reader = await RawHttp.OpenAsync(server.Address, receiveBuffer: 4 * 1024);

        foreach (var last in new[] { 20, 10 })
        {
            var answer = await reader.AskAsync(
                server.Address, $"GET /api/chat/history/global/?before={last + 1}", [$"Authorization: Bearer {ann.Access}"], body: "");

            Assert.Equal(200, answer.Status);
            Assert.Equal(
                Enumerable.Range(last - 9, 10),
                JsonSerializer.Deserialize<JsonElement[]>(answer.Body)!.Select(message => message.GetProperty("seq").GetInt32())
                    .TakeLast(10));
        }
    }

    [Theory]
    [InlineData("", 3)]
    [InlineData("?before=3", 2)]
    [InlineData("?after=0", 1)]
    [InlineData("?after=1&limit=1000", 2)]
    public async Task Message_longer_than_a_page_is_a_page(string query, int seq)
    {
        await using var server = await SkaldServer.StartAsync(
            [("Limits:MessageBytes", "1000000"), ("Limits:MessageCodePoints", "1000000"), ("Limits:RequestBodyBytes", "1000000")]);
        var ann = await server.RegisterAsync("ann");
        for (var n = 1; n <= 3; n++)
            (await ann.PublishAsync("global", new string('\u0001', 60_000 + n))).EnsureSuccessStatusCode();

        var message = Assert.Single(await ann.HistoryAsync("global", query));

        Assert.Equal((seq, 60_000 + seq), (message.GetProperty("seq").GetInt32(), message.GetProperty("message").GetString()!.Length));
    }

    [Fact]
    public async Task Links_are_there_only_while_there_is_more()
    {
        var ann = shared.Ann;
        var room = await FilledAsync(10);

        Assert.Equal((null, null), await LinksAsync(ann, room, "?limit=10"));
        Assert.Equal(($"/api/chat/history/{room}/?limit=9&before=2", null), await LinksAsync(ann, room, "?limit=9"));
        Assert.Equal((null, $"/api/chat/history/{room}/?limit=4&after=4"), await LinksAsync(ann, room, "?after=0&limit=4"));
        Assert.Equal(
            ($"/api/chat/history/{room}/?limit=4&before=4", $"/api/chat/history/{room}/?limit=4&after=7"),
            await LinksAsync(ann, room, "?after=3&limit=4"));
        Assert.Equal(($"/api/chat/history/{room}/?limit=4&before=7", null), await LinksAsync(ann, room, "?after=6&limit=4"));
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=1001", "limit")]
    [InlineData("limit=", "limit")]
    [InlineData("limit=ten", "limit")]
    [InlineData("limit=1.5", "limit")]
    [InlineData("limit=99999999999999999999", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("before=0", "before")]
    [InlineData("before=-1", "before")]
    [InlineData("before=x", "before")]
    [InlineData("before=9223372036854775808", "before")]
    [InlineData("after=-1", "after")]
    [InlineData("after=x", "after")]
    [InlineData("after=1%20OR%201=1", "after")]
    [InlineData("after=9223372036854775808", "after")]
    [Attack("A-37")]
    public async Task Cursor_that_is_none_is_refused_by_its_name(string query, string named)
    {
        using var response = await shared.Ann.SendAsync(HttpMethod.Get, $"/api/chat/history/global/?{query}");

        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((400, "bad_request"), ((int)response.StatusCode, problem.GetProperty("code").GetString()));
        Assert.StartsWith(named, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Works_with_and_without_the_last_slash()
    {
        var ann = shared.Ann;
        var room = await FilledAsync(1);

        foreach (var path in new[] { $"/api/chat/history/{room}", $"/api/chat/history/{room}/" })
        {
            using var response = await ann.SendAsync(HttpMethod.Get, path);
            Assert.Equal(200, (int)response.StatusCode);
        }
    }

    /// <summary>A room that holds so many messages: each says its own number.</summary>
    private async Task<string> FilledAsync(int count)
    {
        var room = $"filled-{count}";
        await using var socket = await shared.Ann.ConnectAsync();
        var held = (await socket.JoinAsync(room)).GetProperty("seq").GetInt64();
        for (var n = held + 1; n <= count; n++)
            await socket.SendAsync(new { type = "send", room, message = $"{n}" });
        await socket.ReceiveMessagesAsync((int)(count - held));
        return room;
    }

    /// <summary>A room with messages that are as long as they may be, and six times as long in JSON.</summary>
    private static async Task LongAsync(TestUser user, string room, int count)
    {
        for (var held = (await user.HistoryAsync(room, "?limit=1")).Select(m => m.GetProperty("seq").GetInt32()).FirstOrDefault();
            held < count;
            held++)
            (await user.PublishAsync(room, new string('\u0001', 4_000))).EnsureSuccessStatusCode();
    }

    private static async Task<(string? Prev, string? Next)> LinksAsync(TestUser user, string room, string query)
    {
        using var response = await user.SendAsync(HttpMethod.Get, $"/api/chat/history/{room}/{query}");
        return (Link(response, "prev"), Link(response, "next"));
    }

    /// <summary>Where a link leads: it is relative to the page's own address, whatever a proxy has made of that.</summary>
    private static string? Link(HttpResponseMessage response, string relation)
    {
        if (!response.Headers.TryGetValues("Link", out var links)
            || links.Select(link => Regex.Match(link, $"<([^>]+)>; rel=\"{relation}\""))
            .FirstOrDefault(match => match.Success) is not { } link)
            return null;
        Assert.StartsWith("?", link.Groups[1].Value, StringComparison.Ordinal);
        return new Uri(response.RequestMessage!.RequestUri!, link.Groups[1].Value).PathAndQuery;
    }

    /// <summary>Puts a body between the endpoints and the client, as an application's compression does.</summary>
    private sealed class Behind(Held body) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, rest) =>
            {
                if (context.Request.Path.StartsWithSegments("/api/chat/history", StringComparison.Ordinal))
                    context.Response.Body = body.Before(context.Response.Body);
                return rest(context);
            });
            next(app);
        };
    }

    /// <summary>Counts what is written before each flush.</summary>
    private sealed class Held : Stream
    {
        private readonly List<int> _pieces = [];
        private Stream _client = Null;
        private int _held;

        /// <summary>Of the last answer, in bytes.</summary>
        public IReadOnlyList<int> Pieces => _pieces;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public Held Before(Stream client)
        {
            (_client, _held) = (client, 0);
            _pieces.Clear();
            return this;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _held += buffer.Length;
            return _client.WriteAsync(buffer, cancellationToken);
        }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            _pieces.Add(_held);
            _held = 0;
            return _client.FlushAsync(cancellationToken);
        }

        public override void Flush() => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
