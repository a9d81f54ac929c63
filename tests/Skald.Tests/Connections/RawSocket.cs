using System.Text;
using Skald.Tests.Harness;

namespace Skald.Tests.Connections;

/// <summary>What tests of limits do with a socket whose frames they write themselves.</summary>
internal static class RawSocket
{
    /// <summary>Opens a user's Skald socket, and reads <c>ready</c>.</summary>
    public static async Task<RawHttp> OpenAsync(SkaldServer server)
    {
        var ann = await server.RegisterAsync("ann");
        var raw = await RawHttp.UpgradeAsync(server.Address, $"/ws/?token={ann.Access}");
        await raw.SkipToAsync("ready");
        return raw;
    }

    /// <summary>A ping command of so many bytes.</summary>
    public static byte[] Ping(int bytes)
    {
        const string Start = """{"type":"ping","id":1,"x":"...""";
        return Encoding.ASCII.GetBytes(Start.PadRight(bytes - 2, '.') + "\"}");
    }

    /// <summary>The message was taken, or the socket is closed with a code, and says so before.</summary>
    public static async Task ExpectAsync(RawHttp raw, int? close)
    {
        if (close is null)
        {
            await raw.SkipToAsync("pong");
            return;
        }

        Assert.Equal(close, (await raw.SkipToAsync("closing")).GetProperty("code").GetInt32());
        Assert.Equal(close, await raw.ExpectCloseAsync());
    }
}
