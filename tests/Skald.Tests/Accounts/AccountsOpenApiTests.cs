using System.Net.Http.Json;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts;

public sealed class AccountsOpenApiTests
{
    [Fact]
    public async Task Every_answer_of_every_account_route_is_described_with_an_example()
    {
        await using var server = await SkaldServer.StartAsync();
        var document = await server.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(
                path => path.Value.EnumerateObject().Select(method => (Name: $"{method.Name} {path.Name}", Operation: method.Value)))
            .Where(o => o.Operation.GetProperty("tags")[0].GetString() == "Accounts")
            .ToDictionary(o => o.Name, o => o.Operation, StringComparer.Ordinal);

        Assert.Equal(
            [
                "delete /api/me/sessions", "delete /api/me/sessions/{id}", "get /api/me", "get /api/me/sessions",
                "get /api/registration", "post /api/login",
                "post /api/logout", "post /api/me/password", "post /api/register", "post /api/token/refresh", "post /api/ws-ticket",
            ],
            operations.Keys.Order(StringComparer.Ordinal));
        Assert.All(operations, o =>
        {
            Assert.NotEqual("", o.Value.GetProperty("summary").GetString());
            Assert.NotEqual("", o.Value.GetProperty("description").GetString());
            if (o.Value.TryGetProperty("requestBody", out var body))
                AssertExamples(body.GetProperty("content"));
            foreach (var response in o.Value.GetProperty("responses").EnumerateObject())
            {
                if (response.Name is "204" or "431")   // the latter is Kestrel's own, without a body
                    continue;
                AssertExamples(response.Value.GetProperty("content"));
            }
        });

        void AssertExamples(JsonElement content) =>
            Assert.All(content.EnumerateObject(), media => Assert.True(media.Value.TryGetProperty("example", out _), media.Name));

        Assert.Equal(["200", "431"], Statuses("get /api/registration"));
        Assert.Equal(["201", "400", "403", "413", "415", "429", "503"], Statuses("post /api/register"));
        Assert.Equal(["200", "400", "401", "403", "413", "415", "429", "503"], Statuses("post /api/login"));
        Assert.Equal(["200", "400", "401", "403", "413", "415", "503"], Statuses("post /api/token/refresh"));
        Assert.Equal(["204", "401", "503"], Statuses("post /api/logout"));
        Assert.Equal(["204", "400", "401", "413", "415", "429", "503"], Statuses("post /api/me/password"));
        Assert.Equal(["204", "401", "404", "503"], Statuses("delete /api/me/sessions/{id}"));
        Assert.Equal(["200", "401", "429", "503"], Statuses("post /api/ws-ticket"));

        IEnumerable<string> Statuses(string operation) =>
            operations[operation].GetProperty("responses").EnumerateObject().Select(r => r.Name).Order(StringComparer.Ordinal);
    }
}
