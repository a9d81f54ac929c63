using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Skald.Tests.Harness;

namespace Skald.Tests.Identity;

/// <summary>What docs/tokens.md says of other services that check our tokens, with a library as it comes.</summary>
public sealed class ForeignServiceTests
{
    private const string Key = "jsY7cC47VrbyoXtJQ/SPcHAxHt3GUECih4OLPUw8IrY=";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Service_with_the_key_reads_the_user_out_of_a_token(bool keyIsSet)
    {
        await using var server = await SkaldServer.StartAsync(keyIsSet ? [("Accounts:SigningKey", Key)] : []);
        var ann = await server.RegisterAsync("ann");
        var key = keyIsSet
            ? Key
            : JsonElement.Parse(await File.ReadAllTextAsync(Path.Combine(server.Data, "signing-keys.json"))).GetProperty("access")[0]
            .GetProperty("key").GetString()!;

        var result = await CheckAsync(ann.Access, Rules(key));
        Assert.True(result.IsValid, result.Exception?.Message);
        Assert.Equal("ann", result.Claims["name"]);
        Assert.Equal(result.Claims["sub"], result.Claims["user_id"]);
    }

    [Fact]
    public async Task Token_of_the_vectors_is_one_of_ours()
    {
        var vector =
            JsonElement.Parse(await File.ReadAllTextAsync(Path.Combine(Repository.Source.Root, "protocol/vectors/access-token.json")));
        await using var server = await SkaldServer.StartAsync([("Accounts:SigningKey", vector.GetProperty("key").GetString()!)]);
        var made = new JsonWebToken((await server.RegisterAsync("ann")).Access);
        var kept = new JsonWebToken(vector.GetProperty("token").GetString());
        Assert.Equal(
            (made.Alg, made.Typ, made.Issuer, made.Audiences.Single()),
            (kept.Alg, kept.Typ, kept.Issuer, kept.Audiences.Single()));
        Assert.Equal(
            made.Claims.Select(claim => claim.Type).Order(StringComparer.Ordinal),
            kept.Claims.Select(claim => claim.Type).Order(StringComparer.Ordinal));
        Assert.Equal(made.ValidTo - made.IssuedAt, kept.ValidTo - kept.IssuedAt);
    }

    [Fact]
    public async Task What_is_not_as_the_page_says_is_refused()
    {
        await using var server = await SkaldServer.StartAsync([("Accounts:SigningKey", Key)]);
        var token = (await server.RegisterAsync("ann")).Access;
        await RefusedAsync<SecurityTokenSignatureKeyNotFoundException>(
            rules => rules.IssuerSigningKey = new SymmetricSecurityKey(System.Text.Encoding.ASCII.GetBytes(Key)));
        await RefusedAsync<SecurityTokenInvalidAudienceException>(rules => rules.ValidAudience = null);
        await RefusedAsync<SecurityTokenInvalidAudienceException>(rules => rules.ValidAudience = "shop");
        await RefusedAsync<SecurityTokenInvalidIssuerException>(rules => rules.ValidIssuer = "skald-2");
        await RefusedAsync<SecurityTokenInvalidTypeException>(rules => rules.ValidTypes = ["JWT"]);

        async Task RefusedAsync<TException>(Action<TokenValidationParameters> change)
            where TException : Exception
        {
            var rules = Rules(Key);
            change(rules);
            Assert.IsType<TException>((await CheckAsync(token, rules)).Exception);
        }
    }

    private static TokenValidationParameters Rules(string key) => new()
    {
        IssuerSigningKey = new SymmetricSecurityKey(Convert.FromBase64String(key)),
        ValidAlgorithms = ["HS256"],
        ValidTypes = ["at+jwt"],
        ValidIssuer = "skald",
        ValidAudience = "skald",
        ClockSkew = TimeSpan.FromSeconds(30),
    };

    private static Task<TokenValidationResult> CheckAsync(string token, TokenValidationParameters rules) =>
        new JsonWebTokenHandler { MapInboundClaims = false }.ValidateTokenAsync(token, rules);
}
