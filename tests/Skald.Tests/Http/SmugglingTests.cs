using Skald.Tests.Harness;

namespace Skald.Tests.Http;

/// <summary>
/// Requests whose end a proxy and a server could see in two places: refused, and nothing after them is taken for a request.
/// </summary>
public sealed class SmugglingTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const string Json = "Content-Type: application/json\r\n";

    [Theory]
    [Attack("A-15")]
    [InlineData("a length and chunks", Json + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX")]
    [InlineData("chunks and a length", Json + "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX")]
    [InlineData("two lengths", Json + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}X")]
    [InlineData("a list of lengths", Json + "Content-Length: 2, 3\r\n\r\n{}X")]
    [InlineData("a length below zero", Json + "Content-Length: -1\r\n\r\n")]
    [InlineData("a length in hexadecimal", Json + "Content-Length: 0x2\r\n\r\n{}")]
    [InlineData("an encoding that is nearly chunked", Json + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("chunked, but not last", Json + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    [InlineData("a space before the colon", Json + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("a folded header", Json + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("a control character in the encoding", Json + "Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("a lone line feed in a chunk's extension", Json + "Transfer-Encoding: chunked\r\n\r\n2;x\n{}\r\n0\r\n\r\n")]
    [InlineData("a chunk size that is no number", Json + "Transfer-Encoding: chunked\r\n\r\nz\r\n{}\r\n0\r\n\r\n")]
    [InlineData("a chunk size beyond all bounds", Json + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n")]
    [InlineData("a NUL in a header", Json + "X: a\0b\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("a lone carriage return in a header", Json + "X: a\rContent-Length: 2\r\n\r\n{}")]
    public async Task Request_with_two_ends_is_refused_and_nothing_after_it_is_a_request(string what, string rest)
    {
        Assert.NotEmpty(what);
        foreach (var path in new[] { "/api/login/", "/api/rooms/global/messages/" })
        {
            using var raw = await RawHttp.OpenAsync(shared.Server.Address);
            var host = $"Host: {shared.Server.Address.Authority}\r\nAuthorization: Bearer {shared.Ann.Access}\r\n";

            await raw.WriteAsync($"POST {path} HTTP/1.1\r\n{host}{rest}GET /healthz HTTP/1.1\r\n{host}\r\n");

            Assert.Equal(400, (await raw.ReadAnswerAsync()).Status);
            await Assert.ThrowsAsync<IOException>(raw.ReadAnswerAsync);
        }

        Assert.DoesNotContain(shared.Server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }
}
