using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Identity;
using Skald.Server.Operations;
using Skald.Tests.Accounts;
using Skald.Tests.Harness;

namespace Skald.Tests.Identity;

public sealed class KeyRingTests
{
    private static readonly string Good = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    [Theory]
    [InlineData("a-string-secret-at-least-256-bits-long")]                                   // jwt.io, and no base64
    [InlineData("YS1zdHJpbmctc2VjcmV0LWF0LWxlYXN0LTI1Ni1iaXRzLWxvbmc=")]                     // the same in base64
    [InlineData("eW91ci0yNTYtYml0LXNlY3JldC15b3VyLTI1Ni1iaXQtc2VjcmV0")]                     // your-256-bit-secret, twice
    [InlineData("ZGphbmdvLWluc2VjdXJlLSY4cWpoXmFzZGZnaGprbHp4Y3Zibm0xMjM0")]                 // django-insecure-…
    [InlineData("qwertyuiopasdfghjklzxcvbnm123456")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("c2hvcnQ=")]
    [InlineData("")]
    [Attack("A-28")]
    public void Key_that_is_no_secret_is_refused_with_a_remedy(string key)
    {
        var refusal = Assert.Throws<StartupRefusedException>(() => KeyRing.FromSettings(key, null));
        Assert.Contains("Accounts:SigningKey", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("openssl rand -base64 32", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Key_of_31_bytes_is_refused_and_one_of_32_is_taken()
    {
        Assert.Throws<StartupRefusedException>(
            () => KeyRing.FromSettings(Convert.ToBase64String(RandomNumberGenerator.GetBytes(31)), null));
        Assert.NotNull(KeyRing.FromSettings(Good, null).Signing);
        Assert.Throws<StartupRefusedException>(() => KeyRing.FromSettings(Good, Good));
    }

    [Fact]
    public void Nodes_with_one_setting_understand_each_other_and_the_previous_key_still_verifies()
    {
        var before = KeyRing.FromSettings(Good, null);
        var after = KeyRing.FromSettings(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), Good);
        Assert.NotEqual(before.Signing.KeyId, after.Signing.KeyId);
        Assert.NotNull(after.Find(before.Signing.KeyId));
        Assert.True(new RefreshTokens(KeyRing.FromSettings(Good, null)).TryRead(new RefreshTokens(before).Create(5, 1), out _, out _));
        Assert.True(new RefreshTokens(after).TryRead(new RefreshTokens(before).Create(5, 1), out _, out _));
        Assert.False(new RefreshTokens(before).TryRead(new RefreshTokens(after).Create(5, 1), out _, out _));
    }

    [Fact]
    [Attack("A-28")]
    public async Task Keys_are_made_at_first_start_for_the_owner_alone_and_stay()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        await using var first = await AccountsHarness.StartAsync();
        var path = Path.Combine(first.Directory, KeyFile.Name);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        var content = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        var kid = first.Get<KeyRing>().Signing.KeyId;
        Assert.Contains(kid, content, StringComparison.Ordinal);

        var again = new KeyFile(path, first.Clock, first.Get<ILogger<KeyFile>>()).Open();
        Assert.Equal(kid, again.Signing.KeyId);
        // The key itself stays out of every log.
        Assert.DoesNotContain(first.Log.Lines, line => line.Contains(Convert.ToBase64String(again.Signing.Key), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Key_file_that_others_could_read_is_closed_and_said_aloud()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        await using var harness = await AccountsHarness.StartAsync();
        var path = Path.Combine(harness.Directory, KeyFile.Name);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        new KeyFile(path, harness.Clock, harness.Get<ILogger<KeyFile>>()).Open();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Contains(
            harness.Log.Lines,
            line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("[1001]", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Key_put_first_in_the_file_signs_while_the_older_still_verifies()
    {
        await using var harness = await AccountsHarness.StartAsync();
        var pair = await harness.BeginAsync(await harness.RegisterAsync());
        var path = Path.Combine(harness.Directory, KeyFile.Name);
        var keys = JsonNode.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken))!;
        var fresh = new JsonObject { ["kid"] = "fresh", ["key"] = Good, ["created_at"] = "2026-03-01T00:00:00Z" };
        keys["access"]!.AsArray().Insert(0, fresh.DeepClone());
        keys["refresh"]!.AsArray().Insert(0, fresh);
        await File.WriteAllTextAsync(path, keys.ToJsonString(), TestContext.Current.CancellationToken);

        var copy = TestData.NewDirectory();
        File.Copy(path, Path.Combine(copy, KeyFile.Name));
        await using (var rotated = await AccountsHarness.StartAsync(directory: copy, clock: harness.Clock))
        {
            await rotated.RegisterAsync();   // the same user: its id is the first
            Assert.Equal("fresh", rotated.Get<KeyRing>().Signing.KeyId);
            Assert.True(await rotated.WorksAsync(pair.Access));
            Assert.True(rotated.Get<RefreshTokens>().TryRead(pair.Refresh, out _, out _));
        }

        Directory.Delete(copy, recursive: true);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"access":[],"refresh":[]}""")]
    [InlineData("""{"access":null,"refresh":null}""")]
    [InlineData("""{"access":[{"kid":"a","key":"c2hvcnQ=","created_at":""}],"refresh":[]}""")]
    [InlineData("""{"access":[{"kid":"a"}],"refresh":[{"kid":"a"}]}""")]
    public async Task Key_file_that_holds_no_keys_refuses_the_start_and_names_the_file(string content)
    {
        await using var harness = await AccountsHarness.StartAsync();
        var path = Path.Combine(harness.Directory, KeyFile.Name);
        await File.WriteAllTextAsync(path, content, Encoding.UTF8, TestContext.Current.CancellationToken);
        var refusal = Assert.Throws<StartupRefusedException>(
            () => new KeyFile(path, harness.Clock, harness.Get<ILogger<KeyFile>>()).Open());
        Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Attack("A-18")]
    public async Task Cheap_passwords_are_said_aloud_at_start()
    {
        await using var harness = await AccountsHarness.StartAsync();
        Assert.Contains(harness.Log.Lines, line =>
            line.StartsWith("Warning", StringComparison.Ordinal)
                && line.Contains("Weak setting Accounts:PasswordIterations", StringComparison.Ordinal));
    }
}
