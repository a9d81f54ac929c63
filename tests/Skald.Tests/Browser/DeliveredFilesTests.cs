using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>What the server hands to a browser, and what it tells the browser to make of it.</summary>
public sealed class DeliveredFilesTests(Chromium chromium) : BrowserTest(chromium)
{
    private static readonly (string Name, string Value)[] Headers =
    [
        ("Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ];

    [Fact]
    public async Task Every_answer_carries_the_security_headers_and_its_true_type()
    {
        var server = await StartServerAsync();
        foreach (var (path, status, type) in new[]
        {
            ("/", 200, "text/html"), ("/style.css", 200, "text/css"), ("/favicon.svg", 200, "image/svg+xml"),
            ("/app/main.js", 200, "text/javascript"), ("/app/browser.js", 200, "text/javascript"),
            ("/skald/index.js", 200, "text/javascript"), ("/asyncapi.json", 200, "application/json"),
            ("/api/me/", 401, "application/problem+json"), ("/nowhere", 404, "application/problem+json"),
        })
        {
            using var answer = await server.Http.GetAsync(path);
            Assert.Equal((path, status, type), (path, (int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            Assert.All(Headers, header => Assert.Equal(header.Value, Assert.Single(answer.Headers.GetValues(header.Name))));
        }
    }

    [Fact]
    public async Task The_api_docs_show_every_operation_without_an_error_and_without_another_host()
    {
        var server = await StartServerAsync();
        var document = await server.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name} {path.Name}"))
            .Order(StringComparer.Ordinal).ToArray();
        var page = await OpenAsync(server.Address);
        var hosts = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        page.Page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith("data:", StringComparison.Ordinal))
                hosts[new Uri(request.Url).Authority] = request.Url;
        };

        await page.Page.GotoAsync("/docs/");

        var shown = page.Page.Locator(".opblock-summary");
        await Expect(shown).ToHaveCountAsync(operations.Length);
        var texts = await shown.EvaluateAllAsync<string[]>(
            """
            all => all.map(one =>
              one.querySelector('.opblock-summary-method').textContent.toLowerCase() + ' ' + one.querySelector('[data-path]').dataset.path)
            """);
        Assert.Equal(operations, texts.Order(StringComparer.Ordinal));
        Assert.Equal([server.Address.Authority], hosts.Keys);
        Assert.Empty(page.Faults.ConsoleErrors);
    }
}
