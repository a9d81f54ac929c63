using System.Buffers.Text;
using System.Security.Cryptography;
using Skald.Server.Accounts.Sessions;
using Skald.Server.Identity;

namespace Skald.Tests.Accounts.Sessions;

public sealed class RefreshTokenTests
{
    private readonly RefreshTokens _tokens = new(Ring());

    [Theory]
    [InlineData(1, 1)]
    [InlineData((1L << 53) - 1, int.MaxValue)]
    public void Token_names_its_session_and_generation(long session, int generation)
    {
        var token = _tokens.Create(session, generation);
        Assert.Matches("^[A-Za-z0-9_-]{59}$", token);
        Assert.True(_tokens.TryRead(token, out var readSession, out var readGeneration));
        Assert.Equal((session, generation), (readSession, readGeneration));
        Assert.Equal(token, _tokens.Create(session, generation));
    }

    [Fact]
    public void Token_with_any_one_bit_changed_is_nobodys()
    {
        var bytes = Base64Url.DecodeFromChars(_tokens.Create(42, 7));
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(_tokens.TryRead(Base64Url.EncodeToString(bytes), out _, out _));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("token")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää")]
    public void What_is_no_token_is_nobodys(string token) => Assert.False(_tokens.TryRead(token, out _, out _));

    [Fact]
    public void Token_of_another_server_is_nobodys() =>
        Assert.False(new RefreshTokens(Ring()).TryRead(_tokens.Create(42, 7), out _, out _));

    private static KeyRing Ring() => new([("a", RandomNumberGenerator.GetBytes(32))], [RandomNumberGenerator.GetBytes(32)]);
}
