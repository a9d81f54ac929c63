using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts;

public sealed class RegisterEndpointTests
{
    [Theory]
    [InlineData("/api/register/")]
    [InlineData("/api/register")]
    public async Task Clients_of_the_origin_register_as_there(string path)
    {
        await using var server = await SkaldServer.StartAsync();
        using var response = await PostAsync(server, path, """{"username":"testuser","email":"test@test.com","password":"12345678"}""");
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("testuser", body.GetProperty("username").GetString());
        Assert.Equal("test@test.com", body.GetProperty("email").GetString());
        Assert.Equal(JsonValueKind.Number, body.GetProperty("id").ValueKind);
        Assert.Equal(3, body.EnumerateObject().Count());
    }

    [Theory]
    [InlineData("""{"username":"testuser","password":"12345678"}""")]
    [InlineData("""{"username":"testuser","password":"12345678","email":""}""")]
    [InlineData("""{"username":"testuser","password":"12345678","email":null}""")]
    [InlineData("""{"username":" testuser ","password":"12345678"}""")]
    [InlineData(
        """{"username":"testuser","password":"12345678","is_admin":true,"is_staff":{"x":[1]},"id":1,"created_at":0,"disabled_at":0}""")]
    [Attack("A-36")]
    public async Task Email_may_be_missing_and_unknown_fields_are_passed_over(string json)
    {
        await using var server = await SkaldServer.StartAsync();
        using var response = await PostAsync(server, "/api/register/", json);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("testuser", body.GetProperty("username").GetString());
        Assert.Equal("", body.GetProperty("email").GetString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Forms_register_and_log_in_too(bool multipart)
    {
        await using var server = await SkaldServer.StartAsync();
        using var registered = await server.Http.PostAsync(
            "/api/register/",
            Form(multipart, ("username", "ann"), ("email", "a@b.co"), ("password", "pässwörd&+%")));
        Assert.Equal(HttpStatusCode.Created, registered.StatusCode);
        Assert.Equal("a@b.co", (await registered.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("email").GetString());
        using var login = await server.Http.PostAsync("/api/login/", Form(multipart, ("username", "ann"), ("password", "pässwörd&+%")));
        Assert.Equal(HttpStatusCode.OK, login.StatusCode);
        // The same password as JSON is the same password.
        await server.LoginAsync("ann", "pässwörd&+%");
    }

    [Theory]
    [InlineData("{}", "username,password")]
    [InlineData("""{"username":"","password":""}""", "username,password")]
    [InlineData("""{"username":null,"password":null}""", "username,password")]
    [InlineData("""{"username":7,"password":["12345678"],"email":{}}""", "username,password,email")]
    [InlineData("""{"username":"ann b","password":"1234567","email":"nonsense"}""", "username,password,email")]
    [InlineData("""{"username":"ann","password":"1234567"}""", "password")]
    [InlineData("""{"username":"ann","password":"12345678","email":"a@b"}""", "email")]
    [InlineData("""{"username":"   ","password":"12345678"}""", "username")]
    [InlineData("""{"username":"änn","password":"12345678"}""", "username")]
    [InlineData("""{"username":"ann\u0000","password":"12345678"}""", "username")]
    [InlineData("""{"username":"ann","password":"1234\u00005678"}""", "password")]
    [InlineData("""{"USERNAME":"ann","Password":"12345678"}""", "username,password")]
    public async Task Every_bad_field_is_named_at_once(string json, string fields)
    {
        await using var server = await SkaldServer.StartAsync();
        using var response = await PostAsync(server, "/api/register/", json);
        var problem = await ProblemAsync(response, 400, "validation_failed");
        var errors = problem.GetProperty("errors");
        Assert.Equal(fields.Split(',').Order(), errors.EnumerateObject().Select(e => e.Name).Order());
        Assert.All(errors.EnumerateObject(), e => Assert.NotEqual(0, e.Value.GetArrayLength()));
    }

    [Fact]
    public async Task Name_and_password_at_their_limits_are_taken_and_beyond_refused()
    {
        await using var server = await SkaldServer.StartAsync();
        await server.RegisterAsync(new string('n', 150), new string('p', 128));
        using var name = await server.Http.PostAsJsonAsync(
            "/api/register/",
            new { username = new string('n', 151), password = "12345678" });
        await ProblemAsync(name, 400, "validation_failed");
        using var password = await server.Http.PostAsJsonAsync("/api/register/", new { username = "ann", password = new string('p', 129) });
        await ProblemAsync(password, 400, "validation_failed");
    }

    [Theory]
    [InlineData("ann")]
    [InlineData("ANN")]
    public async Task Name_that_is_taken_is_named(string username)
    {
        await using var server = await SkaldServer.StartAsync();
        await server.RegisterAsync("ann");
        using var response = await server.Http.PostAsJsonAsync("/api/register/", new { username, password = "12345678" });
        var problem = await ProblemAsync(response, 400, "validation_failed");
        Assert.Equal(["username"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"username":"ann","password":"12345678",}""")]
    [InlineData("""{"username":"ann","username":"bob","password":"12345678"}""")]
    [InlineData("""{"username":"ann","password":"1234567\ud800"}""")]
    [InlineData("""{"username":"ann","password":"12345678"} {}""")]
    [InlineData("""["username","ann"]""")]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("""{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}""")]
    public async Task Body_that_cannot_be_read_is_malformed(string json)
    {
        await using var server = await SkaldServer.StartAsync();
        foreach (var path in new[] { "/api/register/", "/api/login/", "/api/token/refresh/" })
        {
            using var response = await PostAsync(server, path, json);
            await ProblemAsync(response, 400, "malformed");
        }
    }

    [Fact]
    public async Task Body_that_is_not_UTF8_is_malformed()
    {
        await using var server = await SkaldServer.StartAsync();
        using var content = new ByteArrayContent([.. "{\"username\":\""u8, 0xff, 0xfe, .. "\",\"password\":\"12345678\"}"u8]);
        content.Headers.ContentType = new("application/json");
        using var response = await server.Http.PostAsync("/api/register/", content);
        await ProblemAsync(response, 400, "malformed");
    }

    [Fact]
    public async Task Field_that_a_form_repeats_is_refused()
    {
        await using var server = await SkaldServer.StartAsync();
        using var response = await server.Http.PostAsync(
            "/api/register/",
            Form(false, ("username", "ann"), ("username", "bob"), ("password", "12345678")));
        await ProblemAsync(response, 400, "validation_failed");
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("multipart/form-data")]   // without a boundary
    public async Task Body_of_another_type_is_refused(string type)
    {
        await using var server = await SkaldServer.StartAsync();
        using var content = new StringContent("""{"username":"ann","password":"12345678"}""");
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var response = await server.Http.PostAsync("/api/register/", content);
        if (type.StartsWith("multipart", StringComparison.Ordinal))
            await ProblemAsync(response, 400, "malformed");
        else
            await ProblemAsync(response, 415, "unsupported_media_type");
    }

    [Fact]
    public async Task Body_without_a_type_is_refused_and_so_is_a_form_where_only_JSON_will_do()
    {
        await using var server = await SkaldServer.StartAsync();
        using var bare = new ByteArrayContent("""{"username":"ann","password":"12345678"}"""u8.ToArray());
        using var untyped = await server.Http.PostAsync("/api/register/", bare);
        await ProblemAsync(untyped, 415, "unsupported_media_type");
        using var form = await server.Http.PostAsync("/api/token/refresh/", Form(false, ("refresh", "x")));
        await ProblemAsync(form, 415, "unsupported_media_type");
    }

    [Theory]
    [InlineData("GET", "/api/register/")]
    [InlineData("GET", "/api/register")]
    [InlineData("PUT", "/api/login/")]
    [InlineData("DELETE", "/api/token/refresh/")]
    [InlineData("GET", "/api/logout/")]
    [InlineData("POST", "/api/me/")]
    [InlineData("GET", "/api/ws-ticket/")]
    public async Task Other_methods_are_not_allowed(string method, string path)
    {
        await using var server = await SkaldServer.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await server.Http.SendAsync(request);
        await ProblemAsync(response, 405, "method_not_allowed");
        Assert.NotEmpty(response.Content.Headers.Allow);
    }

    [Fact]
    public async Task Body_over_64_KiB_is_refused_fast()
    {
        await using var server = await SkaldServer.StartAsync();
        foreach (var form in new[] { false, true })
        {
            using HttpContent content = form
                ? Form(false, ("username", "ann"), ("password", new string('x', 100_000)))
                : JsonContent.Create(new { username = "ann", password = new string('x', 100_000) });
            using var response = await server.Http.PostAsync("/api/login/", content);
            await ProblemAsync(response, 413, "payload_too_large");
        }
    }

    [Fact]
    public async Task Too_many_registrations_from_one_address_are_told_when_to_come_back()
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true")]);
        for (var i = 0; i < 3; i++)
            await (await server.Http.PostAsJsonAsync("/api/register/", new { username = $"user{i}", password = "12345678" }))
                .Content.ReadAsStringAsync();
        using var response = await server.Http.PostAsJsonAsync("/api/register/", new { username = "user3", password = "12345678" });
        await ProblemAsync(response, 429, "rate_limited");
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(6));
        // A typing error costs nothing of the rate and is answered all the same.
        using var invalid = await server.Http.PostAsJsonAsync("/api/register/", new { username = "user 3", password = "12345678" });
        await ProblemAsync(invalid, 400, "validation_failed");
    }

    [Fact]
    public async Task Taken_name_is_told_beside_what_else_is_wrong_and_no_faster_than_a_registration()
    {
        await using var server = await SkaldServer.StartAsync([("Limits:Enabled", "true")]);
        await server.RegisterAsync("ann");
        for (var i = 0; i < 4; i++)
        {
            using var response = await PostAsync(server, "/api/register/", """{"username":"ANN","password":"short","email":"nonsense"}""");
            var errors = (await ProblemAsync(response, 400, "validation_failed")).GetProperty("errors");
            string[] named = i < 3 ? ["email", "password", "username"] : ["email", "password"];
            Assert.Equal(named, errors.EnumerateObject().Select(error => error.Name).Order());
        }
    }

    [Theory]
    [InlineData("open", 8, 128)]
    [InlineData("closed", 12, 256)]
    public async Task Rules_are_told_before_anybody_has_an_account(string registration, int shortest, int longest)
    {
        await using var server = await SkaldServer.StartAsync(
        [
            ("Accounts:Registration", registration), ("Accounts:PasswordMinLength", $"{shortest}"),
            ("Accounts:PasswordMaxLength", $"{longest}"),
        ]);

        var told = await server.Http.GetStringAsync("/api/registration/");

        Assert.Equal(
            $$"""{"open":{{(registration == "open" ? "true" : "false")}},"password_min_length":{{shortest}},"password_max_length":{{longest}},"path":"/"}""",
            told);
    }

    [Fact]
    public async Task Where_registration_is_closed_it_says_so_and_who_has_an_account_logs_in()
    {
        using var data = new TestDirectory();
        await using (var open = await SkaldServer.StartAsync(data: data.Path))
            await open.RegisterAsync("ann");
        await using var closed = await SkaldServer.StartAsync([("Accounts:Registration", "closed")], data: data.Path);
        using var refused = await PostAsync(closed, "/api/register/", """{"username":"bob","password":"12345678"}""");
        await ProblemAsync(refused, 403, "registration_closed");
        using var taken = await PostAsync(closed, "/api/register/", """{"username":"ann","password":"12345678"}""");
        await ProblemAsync(taken, 403, "registration_closed");
        await closed.LoginAsync("ann");
    }

    [Fact]
    public async Task Password_may_be_as_short_as_the_setting_says()
    {
        await using var server = await SkaldServer.StartAsync([("Accounts:PasswordMinLength", "6")]);
        await server.RegisterAsync("ann", "123456");
        using var shorter = await PostAsync(server, "/api/register/", """{"username":"bob","password":"12345"}""");
        var errors = (await ProblemAsync(shorter, 400, "validation_failed")).GetProperty("errors");
        Assert.Equal("Ensure this field has at least 6 characters.", errors.GetProperty("password")[0].GetString());
    }

    internal static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, int status, string code)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(text);
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.NotEqual("", problem.GetProperty("detail").GetString());
        if (status == 401)
            Assert.Equal("Bearer", Assert.Single(response.Headers.WwwAuthenticate).ToString());
        return problem;
    }

    internal static Task<HttpResponseMessage> PostAsync(SkaldServer server, string path, string json) =>
        server.Http.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));

    private static HttpContent Form(bool multipart, params (string Name, string Value)[] fields)
    {
        if (!multipart)
            return new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        var content = new MultipartFormDataContent();
        foreach (var (name, value) in fields)
            content.Add(new StringContent(value), name);
        return content;
    }
}
