using Npgsql;
using NpgsqlTypes;
using Skald.Server.Cluster;

namespace Skald.Server.Storage.Postgres;

/// <summary>A connection that notifies and one that listens.</summary>
internal sealed class PostgresLink : IBusLink
{
    private const string Channel = "skald";

    private readonly NpgsqlConnection _announcer, _listener;
    private readonly NpgsqlParameter<string> _payload = new() { NpgsqlDbType = NpgsqlDbType.Text };
    private readonly NpgsqlCommand _notify;
    private readonly CancellationTokenSource _closing = new();
    private Task _publishing = Task.CompletedTask, _listening = Task.CompletedTask;

    public PostgresLink(NpgsqlConnection announcer, NpgsqlConnection listener)
    {
        (_announcer, _listener) = (announcer, listener);
        _notify = new NpgsqlCommand($"SELECT pg_notify('{Channel}', $1)", announcer) { Parameters = { _payload } };
    }

    public async Task OpenAsync(Action<string> received, Action<Exception?> ended)
    {
        await _listener.OpenAsync();
        _listener.Notification += (_, e) => received(e.Payload);
        await using (var listen = new NpgsqlCommand($"LISTEN {Channel}", _listener))
            await listen.ExecuteNonQueryAsync();
        await _announcer.OpenAsync();
        _listening = ListenAsync(ended);
    }

    public Task PublishAsync(string payload)
    {
        _payload.TypedValue = payload;
        return _publishing = _notify.ExecuteNonQueryAsync();
    }

    /// <remarks>
    /// A connection is closed once what it does has ended. Nobody waits for that: where PostgreSQL hangs, it takes seconds.
    /// </remarks>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _ = CloseAsync(_listening, _listener);
        _ = CloseAsync(_publishing, _announcer);
    }

    private async Task ListenAsync(Action<Exception?> ended)
    {
        try
        {
            while (true)
                await _listener.WaitAsync(_closing.Token);
        }
        catch (Exception e)
        {
            if (!_closing.IsCancellationRequested)
                ended(e);
        }
    }

    private static async Task CloseAsync(Task running, NpgsqlConnection connection)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await connection.DisposeAsync();
    }
}
