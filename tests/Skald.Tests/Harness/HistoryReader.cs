using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Skald.Tests.Harness;

/// <summary>Reads whole rooms over HTTP, page by page, as any client can.</summary>
internal static class HistoryReader
{
    /// <param name="http">Of the server.</param>
    /// <param name="after">0 for the whole of it.</param>
    public static async Task<RoomHistory> ReadAsync(HttpClient http, string access, string room, long after = 0)
    {
        var messages = new List<StoredText>();
        while (true)
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"/api/chat/history/{room}/?limit=1000&after={after}"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", access);
            using var response = await http.SendAsync(request).Within();
            var page = await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement[]>();
            messages.AddRange(page!.Select(m =>
                new StoredText(m.GetProperty("seq").GetInt64(),
                    m.GetProperty("message").GetString()!.TrimEnd(LoggedClient.Padding))));
            if (!response.Headers.TryGetValues("Link", out var links)
                || !links.Any(link => link.EndsWith("rel=\"next\"", StringComparison.Ordinal)))
                return new RoomHistory(room, messages);
            after = messages[^1].Seq;
        }
    }
}
