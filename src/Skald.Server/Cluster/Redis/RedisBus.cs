using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Skald.Server.Cluster.Redis;

/// <summary>Redis' publish and subscribe, on a channel of this log alone.</summary>
/// <param name="epoch">Names the log: several may use one Redis.</param>
internal sealed class RedisBus(IOptions<ClusterOptions> options, string epoch) : IBus
{
    /// <summary>StackExchange.Redis' default, in milliseconds, which is changed where the operator has left it.</summary>
    private const int UsualTimeout = 5_000;

    private const int Patience = 2_000;

    private readonly ConfigurationOptions _settings = Read(options.Value.Redis);

    public string Place => $"Redis at {string.Join(", ", _settings.EndPoints.Select(EndPointCollection.ToString))}";

    /// <remarks>It takes 512 MB; but a subscriber that is sent more than it reads is cut off at some MB.</remarks>
    public int MostBytes => 64 * 1024;

    /// <returns>What is wrong with a connection string, without its words, which may hold a password; null where nothing is.</returns>
    public static string? Fault(string connectionString)
    {
        try
        {
            return Read(connectionString).EndPoints.Count == 0 ? "names no server" : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            return "cannot be read as a connection string";
        }
    }

    public async Task<IBusLink> OpenAsync(Action<string> received, Action<Exception?> ended)
    {
        var connection = await ConnectionMultiplexer.ConnectAsync(_settings);
        var link = new RedisLink(connection, RedisChannel.Literal($"skald:{epoch}"));
        try
        {
            await link.ListenAsync(received, ended);
            return link;
        }
        catch
        {
            await link.DisposeAsync();
            throw;
        }
    }

    private static ConfigurationOptions Read(string connectionString)
    {
        var settings = ConfigurationOptions.Parse(connectionString);
        // A connection that is lost is made again by Announcements, as that of each bus is.
        settings.AbortOnConnectFail = true;
        settings.ConnectRetry = 1;
        settings.BacklogPolicy = BacklogPolicy.FailFast;
        if (settings.ConnectTimeout == UsualTimeout)
            settings.ConnectTimeout = Patience;
        if (settings.AsyncTimeout == UsualTimeout)
            settings.AsyncTimeout = Patience;
        settings.ClientName ??= "skald";
        return settings;
    }
}
