using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>
/// logins as fast as they are answered, from many at once, while somebody chats. What it costs them in time the bench measures.
/// </summary>
public sealed class LoginFloodTests
{
    private const string Room = "global";
    private const int Clients = 32, Messages = 200;

    [Fact]
    [Attack("A-19")]
    public async Task Logins_beyond_the_queue_are_refused_and_every_message_is_acked_and_delivered()
    {
        var answers = await FloodAsync(queue: 4);

        Assert.Equal(
            [HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.ServiceUnavailable],
            answers.Select(answer => answer.Status).Distinct().Order());
        Assert.All(
            answers,
            answer => Assert.Equal(answer.Status == HttpStatusCode.ServiceUnavailable, answer.RetryAfter == TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public async Task Without_a_bound_nobody_is_refused()
    {
        var answers = await FloodAsync(queue: 100_000);

        Assert.DoesNotContain(answers, answer => answer.Status == HttpStatusCode.ServiceUnavailable);
    }

    private static async Task<(HttpStatusCode Status, TimeSpan? RetryAfter)[]> FloodAsync(int queue)
    {
        await using var server =
            await SkaldServer.StartAsync([("Accounts:PasswordIterations", "100000"), ("Limits:PasswordHashQueue", $"{queue}")]);
        var ann = await server.RegisterAsync("ann");
        var address = server.SocketAddress($"/ws/?token={ann.Access}");
        var checker = new Checker();
        using var publisher = new LoggedClient(checker.NewClient("publisher"));
        await publisher.ConnectAsync(address);
        using var reader = new LoggedClient(checker.NewClient("reader"));
        await reader.ConnectAsync(address);
        await reader.JoinAsync(Room);

        using var enough = new CancellationTokenSource();
        var answers = new ConcurrentBag<(HttpStatusCode Status, TimeSpan? RetryAfter)>();
        var flood = Enumerable.Range(0, Clients).Select(n => Task.Run(async () =>
        {
            // Half of them know the password.
            var login = new { username = "ann", password = n % 2 == 0 ? "12345678" : "a wrong password" };
            while (!enough.IsCancellationRequested)
            {
                using var answer = await server.Http.PostAsJsonAsync("/api/login/", login);
                answers.Add((answer.StatusCode, answer.Headers.RetryAfter?.Delta));
            }
        })).ToArray();
        var started = TimeProvider.System.GetTimestamp();
        // Until both kinds of login have been hashed, too.
        for (var n = 0;
            n < Messages || !(answers.Any(a => a.Status == HttpStatusCode.OK) && answers.Any(a => a.Status == HttpStatusCode.Unauthorized));
            n++)
        {
            Assert.True(await publisher.SendAsync(Room, $"message-{n:d8}"));
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Deadline.Default, "No login is answered.");
        }

        await enough.CancelAsync();
        await Task.WhenAll(flood).Within();
        Assert.All(publisher.Log.Take().OfType<Refused>(), refused => Assert.Fail($"A message was refused: {refused}"));
        var history = await HistoryReader.ReadAsync(server.Http, ann.Access, Room);
        await reader.UntilAsync(Room, history.Messages.Count);
        reader.Stay(Room);
        checker.AssertHolds(history);
        return [.. answers];
    }
}
