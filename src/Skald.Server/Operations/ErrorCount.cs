namespace Skald.Server.Operations;

/// <summary>Counts what is logged at level Error or above, by whatever code: each is unexpected, and worth a look into the log.</summary>
internal sealed class ErrorCount : ILoggerProvider, ILogger
{
    private long _errors;

    public ErrorCount(Telemetry telemetry) =>
        telemetry.Meter.CreateObservableCounter(
            "skald.errors", () => Volatile.Read(ref _errors), "{error}", "Lines of level Error or Critical in the log.");

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => logLevel is LogLevel.Error or LogLevel.Critical;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            Interlocked.Increment(ref _errors);
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Dispose()
    {
    }
}
