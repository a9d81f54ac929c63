namespace Skald.Server.Operations;

/// <summary>
/// Settings that make this server weaker than it ships: said in the log at start and each hour, so that none is left on in silence
///
/// </summary>
internal sealed partial class WeakSettings : IHostedService, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly ILogger<WeakSettings> _logger;
    private WeakSetting[] _all = [];
    private ITimer? _timer;

    public WeakSettings(Telemetry telemetry, TimeProvider clock, ILogger<WeakSettings> logger)
    {
        (_clock, _logger) = (clock, logger);
        telemetry.Meter.CreateObservableUpDownCounter(
            "skald.weak_settings",
            () => _all.Length,
            "{setting}",
            "Settings that make this server weaker than it ships; the log names them each hour.");
    }

    public IReadOnlyList<WeakSetting> All => _all;

    /// <summary>Logs it now, and each hour from now on.</summary>
    /// <param name="why">What it weakens and what to do: a sentence.</param>
    public void Report(string setting, string why)
    {
        lock (_gate)
            _all = [.. _all, new WeakSetting(setting, why)];
        Log.Weak(_logger, setting, why);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _timer = _clock.CreateTimer(static weak => ((WeakSettings)weak!).SayAgain(), this, Interval, Interval);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _timer?.Dispose();

    private void SayAgain()
    {
        foreach (var (setting, why) in _all)
            Log.Weak(_logger, setting, why);
    }

    private static partial class Log
    {
        [LoggerMessage(102, LogLevel.Warning, "Weak setting {Setting}: {Why}")]
        public static partial void Weak(ILogger logger, string setting, string why);
    }
}

/// <param name="Why">What it weakens and what to do: a sentence.</param>
internal sealed record WeakSetting(string Setting, string Why);
