using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;
using Skald.Tests.Harness;

namespace Skald.Tests.Accounts;

public sealed class NameRuleTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("testuser")]
    [InlineData("Ann.B+c-d_e@f")]
    [InlineData("0")]
    [InlineData("...")]
    public void Name_of_letters_digits_and_the_five_marks_is_one(string name) => Assert.True(Username.IsValid(name));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("ann b")]
    [InlineData("ann\n")]
    [InlineData("ann\0")]
    [InlineData("ann\u001b[31m")]
    [InlineData("änn")]
    [InlineData("аnn")]          // a Cyrillic а
    [InlineData("ann\u200b")]    // zero width
    [InlineData("\u202enna")]    // bidi override
    [InlineData("ａｎｎ")]        // full width
    [InlineData("\u212aim")]     // the Kelvin sign, whose lower case is k
    [InlineData("ann!")]
    [InlineData("ann/b")]
    [InlineData("😀")]
    [Attack("A-42")]
    public void Anything_else_is_no_name(string name) => Assert.False(Username.IsValid(name));

    [Fact]
    public void Name_has_150_characters_at_most()
    {
        Assert.True(Username.IsValid(new string('a', 150)));
        Assert.False(Username.IsValid(new string('a', 151)));
    }

    [Fact]
    [Attack("A-42")]
    public void Names_that_differ_by_case_have_one_key() => Assert.Equal(Username.Key("ann.b"), Username.Key("ANN.B"));

    [Theory]
    [InlineData("ann\r\nfake line")]
    [InlineData("ann\u001b[2J")]
    [Attack("A-50")]
    public void Name_with_control_characters_does_not_reach_a_log(string name) => Assert.Equal("(not a name)", Username.ForLog(name));

    [Theory]
    [InlineData("test@test.com")]
    [InlineData("a@b.co")]
    [InlineData("first.last+tag@sub.example.org")]
    [InlineData("o'brien@example.ie")]
    [InlineData("x@xn--bcher-kva.example")]
    [InlineData("jürgen@bücher.example")]
    [InlineData("1@1.1a")]
    public void Address_is_accepted(string address) => Assert.True(EmailAddress.IsValid(address));

    [Theory]
    [InlineData("")]
    [InlineData("plain")]
    [InlineData("@example.com")]
    [InlineData("ann@")]
    [InlineData("ann@localhost")]
    [InlineData("ann@@example.com")]
    [InlineData("ann@b@example.com")]
    [InlineData("ann b@example.com")]
    [InlineData("ann@exam ple.com")]
    [InlineData("ann@example.com\n")]
    [InlineData("ann@example.com\r\nBcc: x@y.z")]
    [InlineData("ann\0@example.com")]
    [InlineData("ann@.example.com")]
    [InlineData("ann@example..com")]
    [InlineData("ann@example.com.")]
    [InlineData("ann@-example.com")]
    [InlineData("ann@example-.com")]
    [InlineData(".ann@example.com")]
    [InlineData("ann.@example.com")]
    [InlineData("a..b@example.com")]
    [InlineData("ann@exa\u200bmple.com")]
    [InlineData("<ann@example.com>")]
    [InlineData("ann@[127.0.0.1]")]
    [InlineData("\"ann\"@example.com")]
    public void Address_is_refused(string address) => Assert.False(EmailAddress.IsValid(address));

    [Fact]
    public void Address_has_254_characters_at_most()
    {
        var domain = string.Join('.', Enumerable.Repeat(new string('d', 62), 3)) + ".com";
        Assert.True(EmailAddress.IsValid(new string('a', 254 - domain.Length - 1) + "@" + domain));
        Assert.False(EmailAddress.IsValid(new string('a', 255 - domain.Length - 1) + "@" + domain));
        Assert.False(EmailAddress.IsValid(new string('a', 65) + "@example.com"));
    }

    [Fact]
    [Attack("A-48")]
    public void Long_input_is_refused_without_delay() =>
        Assert.False(EmailAddress.IsValid(new string('a', 1_000_000) + "@" + string.Concat(Enumerable.Repeat("a.", 1_000_000))));

    [Theory]
    [InlineData("1234567", false)]
    [InlineData("12345678", true)]
    [InlineData("🔑🔑🔑🔑", false)]          // 4 code points in 8 UTF-16 units
    [InlineData("🔑🔑🔑🔑🔑🔑🔑🔑", true)]
    [InlineData("        ", true)]
    public void New_password_has_8_code_points_at_least(string password, bool allowed) =>
        Assert.Equal(allowed, PasswordRule.CheckNew(password, new AccountsOptions()) is null);

    [Fact]
    public void Password_has_128_code_points_at_most()
    {
        var options = new AccountsOptions();
        Assert.Null(PasswordRule.CheckAny(string.Concat(Enumerable.Repeat("🔑", 128)), options));
        Assert.NotNull(PasswordRule.CheckAny(new string('x', 129), options));
        Assert.Null(PasswordRule.CheckAny("short", options));
    }
}
