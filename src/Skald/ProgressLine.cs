using Skald.Server.Storage.Copy;

namespace Skald;

/// <summary>Shows how far a copy is: on a terminal one line that is written over, elsewhere a line each few seconds.</summary>
internal sealed class ProgressLine : IProgress<CopyStep>
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(100), Elsewhere = TimeSpan.FromSeconds(5);

    private readonly bool _isTerminal = !Console.IsOutputRedirected;
    private readonly long _begun = TimeProvider.System.GetTimestamp();
    private long _shown;
    private int _width;

    /// <summary>The line that is on the terminal, until <see cref="Clear"/>.</summary>
    public void Report(CopyStep value)
    {
        if (TimeProvider.System.GetElapsedTime(_shown == 0 ? _begun : _shown) < (_isTerminal ? OnTerminal : Elsewhere))
            return;
        _shown = TimeProvider.System.GetTimestamp();
        var percent = value.All == 0 ? 100 : Math.Min(100, 100 * value.Done / value.All);
        var line = $"{value.Done:N0} of {value.All:N0} rows {value.Doing}, {percent} %: {value.Table}";
        if (_isTerminal)
            Console.Write($"\r{line.PadRight(_width)}");
        else
            Console.WriteLine(line);
        _width = line.Length;
    }

    /// <summary>Makes room for a line that stays.</summary>
    public void Clear()
    {
        if (_isTerminal && _width > 0)
            Console.Write($"\r{new string(' ', _width)}\r");
        _width = 0;
    }
}
