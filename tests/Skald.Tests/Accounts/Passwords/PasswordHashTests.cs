using Skald.Server.Accounts.Passwords;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts.Passwords;

public sealed class PasswordHashTests
{
    [Theory]   // computed by Python's hashlib.pbkdf2_hmac, as Django does it
    [InlineData("12345678", "pbkdf2_sha256$1000$seasalt2$ihlHETA3mfOaQY1C3IHrnODrRn/DuoF7rITlLHQd7F4=")]
    [InlineData("pässwörd 🔑", "pbkdf2_sha256$260000$JzQ4NBsGM1zkKPJ3Wn0Y0a$sx1fgcTa4Os6OmscB9Q7NT9OT5UGGR3ksVm4HgB/ddU=")]
    [InlineData("12345678", "pbkdf2_sha256$1$sältz$nd2W80zbS8nnr0xiJCDmH1nboQn6aYOHKVjNtCtM5Xc=")]
    [InlineData("12345678", "pbkdf2_sha1$1000$seasalt2$Yq7i15+lKxnBeEGl3EgyGf1cBfg=")]
    public void Hash_that_Django_made_is_verified(string password, string encoded)
    {
        var hash = PasswordHash.Parse(encoded);
        Assert.NotNull(hash);
        Assert.True(hash.Verify(password, atLeastIterations: 1));
        Assert.False(hash.Verify(password + " ", atLeastIterations: 1));
        Assert.False(hash.Verify("", atLeastIterations: 1));
        Assert.Equal(encoded, hash.ToString());
    }

    [Fact]
    [Attack("A-18")]
    public void New_hash_is_in_Djangos_format_and_salted_anew()
    {
        var first = PasswordHash.Create("12345678", 1000).ToString();
        var second = PasswordHash.Create("12345678", 1000).ToString();
        Assert.Matches(@"^pbkdf2_sha256\$1000\$[A-Za-z0-9]{22}\$[A-Za-z0-9+/]{43}=$", first);
        Assert.NotEqual(first, second);
        Assert.True(PasswordHash.Parse(first)!.Verify("12345678", 1000));
    }

    [Theory]
    [InlineData("")]
    [InlineData("!Nk2hZJb5dSgPVgpQ")]   // what Django writes where no password works
    [InlineData("argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA")]
    [InlineData("pbkdf2_sha1$1000$seasalt2$ihlHETA3mfOaQY1C3IHrnODrRn/DuoF7rITlLHQd7F4=")]
    [InlineData("pbkdf2_sha256$0$seasalt2$ihlHETA3mfOaQY1C3IHrnODrRn/DuoF7rITlLHQd7F4=")]
    [InlineData("pbkdf2_sha256$-1$seasalt2$ihlHETA3mfOaQY1C3IHrnODrRn/DuoF7rITlLHQd7F4=")]
    [InlineData("pbkdf2_sha256$many$seasalt2$ihlHETA3mfOaQY1C3IHrnODrRn/DuoF7rITlLHQd7F4=")]
    [InlineData("pbkdf2_sha256$1000$seasalt2$aGFzaA==")]
    [InlineData("pbkdf2_sha256$1000$seasalt2$not base64")]
    [InlineData("pbkdf2_sha256$1000$seasalt2")]
    public void What_is_no_such_hash_is_none(string encoded) => Assert.Null(PasswordHash.Parse(encoded));

    [Theory]
    [InlineData("!Nk2hZJb5dSgPVgpQ", null)]
    [InlineData("argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA", "argon2")]
    [InlineData("bcrypt_sha256$$2b$12$abcdefghijklmnopqrstuv", "bcrypt_sha256")]
    [InlineData("scrypt$16384$c2FsdA$8$1$aGFzaA==", "scrypt")]
    [InlineData("md5$salt$5f4dcc3b5aa765d61d8327deb882cf99", "md5")]
    [InlineData("5f4dcc3b5aa765d61d8327deb882cf99", "an unknown algorithm")]
    [InlineData("pbkdf2_sha256$1000$salt$short", "pbkdf2_sha256 that cannot be read")]
    public void Algorithm_is_named_and_nothing_of_the_hash(string encoded, string? name) =>
        Assert.Equal(name, PasswordHash.NameAlgorithm(encoded));

    [Fact]
    public void Nobody_has_a_hash_that_no_password_matches()
    {
        var nobody = PasswordHash.OfNobody(1000);
        Assert.Equal(1000, nobody.Iterations);
        Assert.False(nobody.Verify("", 1000));
        Assert.False(nobody.Verify("12345678", 1000));
    }
}
