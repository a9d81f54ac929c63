using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Skald.Bench.Machine;

namespace Skald.Bench.Targets;

/// <summary>A few users on a running Skald; many connections share their access tokens.</summary>
internal sealed class Accounts(HttpClient http)
{
    private const int Users = 8;
    private const string Password = "bench-password";

    /// <summary>A token lives 5 minutes; a run takes less than what is left after this.</summary>
    private const long FreshFor = 150 * Clock.Second;

    /// <summary>A login as it stands on the wire.</summary>
    public static byte[] LoginRequest { get; } = Encoding.ASCII.GetBytes(
        $"POST /api/login/ HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {LoginBody.Length}\r\n\r\n{LoginBody}");

    private static string LoginBody => JsonSerializer.Serialize(new { username = Name(0), password = Password });

    private readonly string[] _tokens = new string[Users];
    private long _loggedInAt;
    private int _next;

    /// <summary>Someone's access token, in turn.</summary>
    public string NextToken() => _tokens[_next++ % Users];

    public async Task RegisterAsync(CancellationToken cancellation)
    {
        for (var user = 0; user < Users; user++)
        {
            using var answer = await http.PostAsJsonAsync(
                "/api/register/",
                new { username = Name(user), password = Password },
                cancellation);
            answer.EnsureSuccessStatusCode();
        }
    }

    /// <summary>Logs in where the tokens are no longer fresh.</summary>
    public async Task FreshenAsync(CancellationToken cancellation)
    {
        if (_loggedInAt != 0 && Clock.Now - _loggedInAt < FreshFor)
            return;
        for (var user = 0; user < Users; user++)
        {
            using var answer = await http.PostAsJsonAsync("/api/login/", new { username = Name(user), password = Password }, cancellation);
            answer.EnsureSuccessStatusCode();
            var pair = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
            _tokens[user] = pair.GetProperty("access").GetString()!;
        }

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _tokens[0]);
        _loggedInAt = Clock.Now;
    }

    /// <summary>Keeps the tokens fresh while a long run goes on.</summary>
    public async Task KeepFreshAsync(CancellationToken over)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(10));
        try
        {
            while (await timer.WaitForNextTickAsync(over))
                await FreshenAsync(over);
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    private static string Name(int user) => $"bench-{user}";
}
