using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Skald.Protocol;
using Skald.Server.Identity;
using Skald.Tests.Accounts;
using Skald.Tests.Harness;

namespace Skald.Tests.Identity;

public sealed class AccessTokenTests
{
    private static readonly RSA Rsa = RSA.Create(2048);

    /// <summary>
    /// What an attacker makes of a good token (A-24 … A-26). The forger even has our key where the last column of the attack needs it.
    /// </summary>
    private static readonly Dictionary<string, Func<ForgedToken, string, string>> Forgeries = new(StringComparer.Ordinal)
    {
        ["nothing"] = (_, _) => "",
        ["a word"] = (_, _) => "token",
        ["two dots"] = (_, _) => "..",
        ["alg none without signature"] = (f, _) => f.WithHeader("alg", "none").Sign(_ => []),
        ["alg NONE without signature"] = (f, _) => f.WithHeader("alg", "NONE").Sign(_ => []),
        ["alg none with our signature"] = (f, _) => f.WithHeader("alg", "none").Sign(),
        ["alg missing"] = (f, _) => { f.Header.Remove("alg"); return f.Sign(); },
        ["HS384 with our key"] = (f, _) => f.WithHeader("alg", "HS384").Sign(bytes => HMACSHA384.HashData(f.Key, bytes)),
        ["HS512 with our key"] = (f, _) => f.WithHeader("alg", "HS512").Sign(bytes => HMACSHA512.HashData(f.Key, bytes)),
        ["RS256 with the attacker's key"] = (f, _) =>
            f.WithHeader("alg", "RS256").Sign(bytes => Rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
        ["HS256 keyed with a public key"] = (f, _) => f.Sign(Encoding.ASCII.GetBytes(Rsa.ExportSubjectPublicKeyInfoPem())),
        ["another key"] = (f, _) => f.Sign(RandomNumberGenerator.GetBytes(32)),
        ["an empty signature"] = (f, _) => f.Sign(_ => []),
        ["an empty key"] = (f, _) => f.Sign([]),
        ["an unknown kid"] = (f, _) => f.WithHeader("kid", "unknown").Sign(),
        ["no kid"] = (f, _) => { f.Header.Remove("kid"); return f.Sign(); },
        ["a kid that is a path"] = (f, _) => f.WithHeader("kid", "../../../../dev/null").Sign([]),
        ["a kid that is SQL"] = (f, _) => f.WithHeader("kid", "' UNION SELECT 'key").Sign(Encoding.ASCII.GetBytes("key")),
        ["a key of its own in jwk"] = (f, _) => WithOwnKey(
            f,
            "jwk",
            new JsonObject { ["kty"] = "oct", ["k"] = ForgedToken.Encode(new byte[32]) }),
        ["an address in jku"] = (f, _) => WithOwnKey(f, "jku", "http://127.0.0.1:9/keys.json"),
        ["an address in x5u"] = (f, _) => WithOwnKey(f, "x5u", "http://127.0.0.1:9/cert.pem"),
        ["a certificate in x5c"] = (f, _) => WithOwnKey(f, "x5c", new JsonArray("MIIB")),
        ["the last letter cut off"] = (_, good) => good[..^1],
        ["the signature cut off"] = (_, good) => good[..good.LastIndexOf('.')],
        ["a part too many"] = (_, good) => good + ".e30",
        ["swapped parts"] = (_, good) => string.Join('.', good.Split('.').Reverse()),
        ["the payload of another user under the old signature"] = (f, good) =>
            string.Join('.', good.Split('.')[0], f.With("user_id", "1000").With("sub", "1000").Sign().Split('.')[1], good.Split('.')[2]),
        ["typ JWT"] = (f, _) => f.WithHeader("typ", "JWT").Sign(),
        ["typ missing"] = (f, _) => { f.Header.Remove("typ"); return f.Sign(); },
        ["token_type refresh"] = (f, _) => f.With("token_type", "refresh").Sign(),
        ["token_type missing"] = (f, _) => f.Without("token_type").Sign(),
        ["another issuer"] = (f, _) => f.With("iss", "elsewhere").Sign(),
        ["no issuer"] = (f, _) => f.Without("iss").Sign(),
        ["another audience"] = (f, _) => f.With("aud", "elsewhere").Sign(),
        ["no audience"] = (f, _) => f.Without("aud").Sign(),
        ["no exp"] = (f, _) => f.Without("exp").Sign(),
        ["an exp that is a word"] = (f, _) => f.With("exp", "never").Sign(),
        ["no sid"] = (f, _) => f.Without("sid").Sign(),
        ["no user_id"] = (f, _) => f.Without("user_id").Sign(),
        ["two users"] = (f, _) => f.With("sub", "1000").Sign(),
        ["a user_id below zero"] = (f, _) => f.With("user_id", "-1").With("sub", "-1").Sign(),
        ["a huge claim"] = (f, _) => f.With("x", new string('x', 5_000)).Sign(),
        ["a deep claim"] = (f, _) => f.With("x", Deep(200)).Sign(),
        ["five parts, as if encrypted"] = (_, good) => good + ".e30.e30",
        ["letters that are not ASCII"] = (_, good) => good.Replace('.', '\u2024'),
    };

    public static TheoryData<string> ForgeryNames => [.. Forgeries.Keys];

    [Theory]
    [MemberData(nameof(ForgeryNames))]
    [Attack("A-24")]
    [Attack("A-26")]
    public async Task Forged_token_is_refused(string forgery)
    {
        await using var harness = await AccountsHarness.StartAsync();
        var good = (await harness.BeginAsync(await harness.RegisterAsync())).Access;
        Assert.True(await harness.WorksAsync(good));
        await RefusedAsync(harness, Forgeries[forgery](Forge(harness, good), good));
    }

    [Fact]
    public async Task Claims_are_the_origins_and_ours()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var account = await harness.RegisterAsync();
        var good = (await harness.BeginAsync(account)).Access;
        var token = Forge(harness, good);
        var now = harness.Clock.GetUtcNow().ToUnixTimeSeconds();
        Assert.Equal("HS256", (string?)token.Header["alg"]);
        Assert.Equal("at+jwt", (string?)token.Header["typ"]);
        Assert.Equal("access", (string?)token.Payload["token_type"]);
        Assert.Equal(account.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), (string?)token.Payload["user_id"]);
        Assert.Equal((string?)token.Payload["user_id"], (string?)token.Payload["sub"]);
        Assert.Equal(now, (long?)token.Payload["iat"]);
        Assert.Equal(now + 300, (long?)token.Payload["exp"]);
        Assert.Equal("skald", (string?)token.Payload["iss"]);
        Assert.Equal("skald", (string?)token.Payload["aud"]);
        Assert.Equal(32, ((string?)token.Payload["jti"])?.Length);
        Assert.NotNull((string?)token.Payload["sid"]);
        // The copy that was signed again proves that the forger of the other tests forges well.
        Assert.True(await harness.WorksAsync(token.Sign()));
    }

    [Theory]
    [InlineData(299, true)]
    [InlineData(300, true)]
    [InlineData(329, true)]
    [InlineData(331, false)]
    [InlineData(86_400, false)]
    [Attack("A-26")]
    public async Task Token_lives_5_minutes_and_30_s_for_clocks_that_differ(int age, bool works)
    {
        await using var harness = await AccountsHarness.StartAsync();
        var pair = await harness.BeginAsync(await harness.RegisterAsync());
        harness.Clock.Advance(TimeSpan.FromSeconds(age));
        Assert.Equal(works, await harness.WorksAsync(pair.Access));
    }

    [Theory]
    [InlineData(29, true)]
    [InlineData(31, false)]
    [Attack("A-26")]
    public async Task Token_of_the_future_has_to_wait(int seconds, bool works)
    {
        await using var harness = await AccountsHarness.StartAsync();
        var token = Forge(harness, (await harness.BeginAsync(await harness.RegisterAsync())).Access);
        token.With("nbf", harness.Clock.GetUtcNow().ToUnixTimeSeconds() + seconds);
        Assert.Equal(works, await harness.WorksAsync(token.Sign()));
    }

    [Fact]
    [Attack("A-25")]
    public async Task Credentials_of_one_kind_are_not_taken_for_another()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var pair = await harness.BeginAsync(await harness.RegisterAsync());
        var tickets = harness.Get<ISocketTickets>();
        var ticket = (await tickets.IssueAsync(await harness.UserAsync(pair)))!;

        await RefusedAsync(harness, pair.Refresh);
        await RefusedAsync(harness, ticket);
        Assert.False((await harness.Sessions.RefreshAsync(pair.Access)).TryGet(out _, out _));
        Assert.False((await harness.Sessions.RefreshAsync(ticket)).TryGet(out _, out _));
        Assert.Null(await tickets.RedeemAsync(pair.Access));
        Assert.Null(await tickets.RedeemAsync(pair.Refresh));

        Assert.True(await harness.WorksAsync(pair.Access));
        Assert.True((await harness.Sessions.RefreshAsync(pair.Refresh)).TryGet(out _, out _));
        Assert.NotNull(await tickets.RedeemAsync(ticket));
    }

    /// <summary>With the signing key anybody can be named; who is not there cannot send, and no batch fails for it.</summary>
    [Theory]
    [InlineData("GET", "/api/chat/history/global/")]
    [InlineData("POST", "/api/rooms/global/messages/")]
    public async Task Token_of_a_user_who_is_not_there_is_refused(string method, string path)
    {
        await using var server = await SkaldServer.StartAsync();
        var ann = await server.RegisterAsync("ann");
        var nobody = ann with
        {
            Access = new ForgedToken(ann.Access, server.Services.GetRequiredService<KeyRing>().Signing.Key)
                .With("user_id", "4711").With("sub", "4711").Sign(),
        };

        using var answer = await nobody.SendAsync(new HttpMethod(method), path, method == "POST" ? new { message = "x" } : null);
        var handshake = await RawHttp.HandshakeAsync(server.Address, $"/ws/?token={nobody.Access}");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("token_not_valid", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
        Assert.Equal((403, "token_not_valid"), (handshake.Status, handshake.Code));
        Assert.DoesNotContain(server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    private static ForgedToken Forge(AccountsHarness harness, string good) => new(good, harness.Get<KeyRing>().Signing.Key);

    private static string WithOwnKey(ForgedToken token, string header, JsonNode value) =>
        token.WithHeader(header, value).Sign(new byte[32]);

    private static JsonNode Deep(int levels)
    {
        JsonNode node = new JsonArray();
        for (var i = 0; i < levels; i++)
            node = new JsonArray(node);
        return node;
    }

    private static async Task RefusedAsync(AccountsHarness harness, string token)
    {
        Assert.False((await harness.AccessTokens.ValidateAsync(token)).TryGet(out _, out var error));
        Assert.Same(ErrorCode.TokenNotValid, error.Code);
    }
}
