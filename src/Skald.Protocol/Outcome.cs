using System.Diagnostics.CodeAnalysis;

namespace Skald.Protocol;

/// <summary>What was asked for, or why it was refused. Refusals are everyday here, so they are values and not exceptions.</summary>
public readonly struct Outcome<T>
    where T : notnull
{
    private readonly T? _value;
    private readonly ChatError? _error;

    private Outcome(T? value, ChatError? error)
    {
        _value = value;
        _error = error;
    }

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(ChatError error) => new(default, error);

    public bool TryGet([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out ChatError? error)
    {
        value = _value;
        error = _error;
        return error is null;
    }
}
