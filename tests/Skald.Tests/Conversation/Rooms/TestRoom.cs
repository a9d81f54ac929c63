using System.Net.Http.Json;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Conversation.Rooms;

/// <summary>What tests do with rooms, over HTTP, as their users.</summary>
internal static class TestRoom
{
    /// <returns>The name of a private room of a user's.</returns>
    public static async Task<string> MakePrivateAsync(this TestUser owner, params string[] members) =>
        (await owner.MakeRoomAsync(new { title = "ours", members })).GetProperty("room").GetString()!;

    /// <returns>The room as it was made.</returns>
    public static async Task<JsonElement> MakeRoomAsync(this TestUser owner, object room) =>
        await BodyAsync((await owner.SendAsync(HttpMethod.Post, "/api/rooms/", room)).EnsureSuccessStatusCode());

    public static Task<HttpResponseMessage> ChangeMembersAsync(
        this TestUser user, string room, string op, string[]? users = null, string? role = null, string? history = null,
        string? clientMessageId = null) => user.SendAsync(
        HttpMethod.Post, $"/api/rooms/{room}/members/", Without(("op", op), ("users", users), ("role", role), ("history", history),
            ("client_msg_id", clientMessageId)));

    public static async Task AddAsync(this TestUser user, string room, string member, string? role = null, string? history = null) =>
        (await user.ChangeMembersAsync(room, "add", [member], role, history)).EnsureSuccessStatusCode();

    public static async Task RemoveAsync(this TestUser user, string room, string member) =>
        (await user.ChangeMembersAsync(room, "remove", [member])).EnsureSuccessStatusCode();

    public static Task<HttpResponseMessage> ChangeRoomAsync(this TestUser user, string room, object change) =>
        user.SendAsync(HttpMethod.Patch, $"/api/rooms/{room}/", change);

    public static async Task<JsonElement> ExplainAsync(this TestUser user, string room, string action, string? about = null) =>
        await BodyAsync((await user.SendAsync(
            HttpMethod.Get, $"/api/rooms/{room}/explain/?action={action}{(about is null ? "" : $"&user={about}")}"))
            .EnsureSuccessStatusCode());

    public static async Task<JsonElement> ReadRoomAsync(this TestUser user, string room) =>
        await BodyAsync((await user.SendAsync(HttpMethod.Get, $"/api/rooms/{room}/")).EnsureSuccessStatusCode());

    /// <returns>The code of a refusal; null of a success.</returns>
    public static async Task<string?> CodeAsync(this Task<HttpResponseMessage> answer)
    {
        using var response = await answer;
        return response.IsSuccessStatusCode ? null : (await BodyAsync(response)).GetProperty("code").GetString();
    }

    public static async Task<JsonElement> BodyAsync(this HttpResponseMessage response) =>
        await response.Content.ReadFromJsonAsync<JsonElement>(Deadline.Token());

    private static Dictionary<string, object> Without(params (string Name, object? Value)[] fields) =>
        fields.Where(field => field.Value is not null).ToDictionary(field => field.Name, field => field.Value!);
}
