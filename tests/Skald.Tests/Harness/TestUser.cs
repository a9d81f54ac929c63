using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Skald.Tests.Harness;

/// <summary>A signed-in user, and what it can do.</summary>
internal sealed record TestUser(SkaldServer Server, string Username, string Access, string Refresh)
{
    /// <summary>Opens the Skald socket, authenticated, and reads <c>ready</c>.</summary>
    public async Task<ChatSocket> ConnectAsync()
    {
        var socket = await ChatSocket.OpenAsync(Server.SocketAddress($"/ws/?token={Access}"));
        await socket.ExpectAsync("ready");
        return socket;
    }

    /// <summary>Opens the Skald socket and joins rooms from now on.</summary>
    public async Task<ChatSocket> JoinAsync(params string[] rooms)
    {
        var socket = await ConnectAsync();
        foreach (var room in rooms)
            await socket.JoinAsync(room);
        return socket;
    }

    /// <summary>Opens the Django project's room socket.</summary>
    /// <param name="query">More of the address, as <c>&amp;since=4</c>.</param>
    public Task<ChatSocket> OpenRoomAsync(string room, string query = "") =>
        ChatSocket.OpenAsync(Server.SocketAddress($"/ws/chat/{room}/?token={Access}{query}"));

    /// <summary>A ticket that opens one socket.</summary>
    public async Task<string> TicketAsync()
    {
        using var response = (await SendAsync(HttpMethod.Post, "/api/ws-ticket/")).EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("ticket").GetString()!;
    }

    public async Task<JsonElement[]> HistoryAsync(string room, string query = "") =>
        (await (await SendAsync(HttpMethod.Get, $"/api/chat/history/{room}/{query}"))
            .EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement[]>())!;

    public Task<HttpResponseMessage> PublishAsync(string room, string message, string? clientMessageId = null) =>
        SendAsync(HttpMethod.Post, $"/api/rooms/{room}/messages/", new { message, client_msg_id = clientMessageId });

    /// <summary>Any request, with the access token and a JSON body.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Access);
        return await Server.Http.SendAsync(request);
    }
}
