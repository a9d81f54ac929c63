using System.Text.Json;

namespace Skald.Protocol;

/// <summary>A command's <c>id</c>, the client's choice: an integer or a short string, carried back as <c>re</c>.</summary>
public readonly record struct FrameId
{
    public const int MaxLength = 64;

    private readonly string? _text;
    private readonly long _number;

    public FrameId(long number)
    {
        _number = number;
        Wanted = true;
    }

    public FrameId(string text)
    {
        _text = text;
        Wanted = true;
    }

    /// <summary>Whether the client gave an id, and so wants an answer.</summary>
    public bool Wanted { get; }

    /// <summary>Writes <c>"re": id</c>, or nothing where there is none.</summary>
    internal void WriteTo(Utf8JsonWriter json)
    {
        if (!Wanted)
            return;
        if (_text is null)
            json.WriteNumber("re"u8, _number);
        else
            json.WriteString("re"u8, _text);
    }

    public override string ToString() => !Wanted ? "" : _text ?? _number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
