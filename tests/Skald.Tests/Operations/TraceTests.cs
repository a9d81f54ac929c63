using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Skald.Server.History;
using Skald.Server.Rooms;
using Skald.Tests.Harness;

namespace Skald.Tests.Operations;

/// <summary>One message's way, as a trace shows it.</summary>
[Collection(Tracing.Name)]
public sealed class TraceTests
{
    [Fact]
    public async Task Way_of_a_message_is_one_trace_from_its_arrival_to_its_readers()
    {
        await using var server = await SkaldServer.StartAsync();
        using var spans = new Spans();
        var ann = await server.RegisterAsync("ann");
        await using var socket = await ann.ConnectAsync();

        await socket.SayAsync("one-way", "Hello");
        await socket.ExpectAsync("ack");
        var way = await spans.OfRoomAsync("one-way");

        Assert.Equal(["append", "deliver", "message"], way.Select(span => span.OperationName));
        var (append, deliver, message) = (way[0], way[1], way[2]);
        Assert.Equal(default, message.ParentSpanId);
        Assert.All([append, deliver], step => Assert.Equal(message.SpanId, step.ParentSpanId));
        Assert.Equal((1L, false), (message.GetTagItem("skald.seq"), message.GetTagItem("skald.duplicate")));
        Assert.Equal(1, append.GetTagItem("skald.commit.messages"));
        Assert.InRange(append.StartTimeUtc, message.StartTimeUtc, deliver.StartTimeUtc);
        Assert.InRange(append.StartTimeUtc + append.Duration, append.StartTimeUtc, deliver.StartTimeUtc);
        Assert.InRange(deliver.StartTimeUtc + deliver.Duration, deliver.StartTimeUtc, message.StartTimeUtc + message.Duration);
        Assert.Equal(ActivityStatusCode.Unset, message.Status);
    }

    [Fact]
    public async Task Message_that_is_refused_says_why()
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true"), ("Limits:MessagesPerUser", "1")]);
        using var spans = new Spans();
        var ann = await server.RegisterAsync("ann");

        var i = 0;
        while ((await ann.PublishAsync($"refusals-{++i}", "Hello")).IsSuccessStatusCode)
        {
        }

        var refused = Assert.Single(await spans.OfRoomAsync($"refusals-{i}"));
        Assert.Equal(
            ("message", "rate_limited", ActivityStatusCode.Error),
            (refused.OperationName, refused.GetTagItem("error.type"), refused.Status));
    }

    [Fact]
    public async Task Stranger_does_not_decide_what_is_recorded_and_into_which_trace()
    {
        await using var server = await SkaldServer.StartAsync();
        using var spans = new Spans();
        var ann = await server.RegisterAsync("ann");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/rooms/strangers/messages/")
        {
            Content = JsonContent.Create(new { message = "Hello" }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ann.Access);
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

        (await server.Http.SendAsync(request)).EnsureSuccessStatusCode().Dispose();
        var way = await spans.OfRoomAsync("strangers");

        Assert.Equal(3, way.Length);
        Assert.All(way, span => Assert.NotEqual("0af7651916cd43dd8448eb211c80319c", span.TraceId.ToString()));
    }

    [Theory]
    [InlineData(ActivitySamplingResult.None)]
    [InlineData(ActivitySamplingResult.PropagationData)]
    public async Task Message_that_is_not_sampled_has_no_steps(ActivitySamplingResult sampling)
    {
        await using var server = await SkaldServer.StartAsync();
        using var spans = new Spans(sampling);
        var ann = await server.RegisterAsync("ann");

        (await ann.PublishAsync("unsampled", "Hello")).EnsureSuccessStatusCode().Dispose();

        Assert.DoesNotContain(spans.All, span => span.OperationName != "message" || span.TagObjects.Any());
    }

    [Fact]
    public void Without_a_listener_there_is_no_trace_and_nothing_is_allocated()
    {
        var draft = new TestDraft(new Room(1, "global", 1, 0), "x");
        MessageTrace.Begin(draft);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 1_000; i++)
            draft.Trace = MessageTrace.Begin(draft);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Null(draft.Trace);
    }
}
