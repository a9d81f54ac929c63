using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Unicode;

namespace Skald.Protocol;

/// <summary>The fields of one JSON object that a client sent, found in one strict pass; and what is wrong with those asked for.</summary>
/// <remarks>
/// A command asks for its own fields by name. All others are passed over, whatever they hold, so that a newer client can talk to an
/// older server. Strict where leniency would let two parsers see two things (RFC 8725's lesson for JSON): depth, repeated keys, lone
/// surrogates, trailing data. Nothing is allocated until a field is asked for, unless an object lies in the frame or it has more
/// fields than any command.
/// </remarks>
public ref struct FrameFields
{
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = ProtocolLimits.JsonDepth };

    private static readonly JsonDocumentOptions StrictDocument =
        new() { MaxDepth = ProtocolLimits.JsonDepth, AllowDuplicateProperties = false };

    private static readonly ChatError NotReadable = new(
        ErrorCode.Malformed,
        "This is not one JSON object of at most 8 levels, without repeated keys or lone surrogates.");

    private readonly ReadOnlySpan<byte> _frame;
    private FirstFields _first;
    private Field[]? _others;
    private int _count;
    private bool _repeatsUnchecked;   // the pass does not compare all keys: some are in an inner object, escaped, or too many

    /// <param name="frame">Valid UTF-8, for as long as the fields are read.</param>
    public FrameFields(ReadOnlySpan<byte> frame, ProtocolLimits limits)
    {
        _frame = frame;
        Limits = limits;
        try
        {
            Error = Find() ? null : NotReadable;
        }
        catch (JsonException)
        {
            Error = NotReadable;
        }

        Id = ReadId();
    }

    /// <summary>
    /// Why there is no command: the first thing that was found wrong. <see cref="ErrorCode.Malformed"/> where the frame cannot be read
    /// at all.
    /// </summary>
    public ChatError? Error { get; private set; }

    /// <summary>The frame's <c>id</c>, also where it is refused, so that the refusal can name it.</summary>
    public FrameId Id { get; }

    public ProtocolLimits Limits { get; }

    /// <summary>Fields of a body that came over HTTP: any bytes.</summary>
    public static FrameFields OfBody(ReadOnlySpan<byte> body, ProtocolLimits limits) =>
        Utf8.IsValid(body) ? new FrameFields(body, limits) : new FrameFields([], limits);

    /// <summary>Refuses the frame, unless it is refused already.</summary>
    public void Refuse(ChatError why) => Error ??= why;

    /// <summary>A string that must be there; <c>""</c> where it is not, and <see cref="Error"/> then says so.</summary>
    public string Required(ReadOnlySpan<byte> name)
    {
        var text = Optional(name);
        if (text is null)
            RefuseMissing(name, "a string");
        return text ?? "";
    }

    /// <summary>A string, or null. A field that is null counts as left out, here and everywhere.</summary>
    public string? Optional(ReadOnlySpan<byte> name) => TryFindString(name, out var field) ? ReadString(field) : null;

    /// <summary>The <c>room</c>: a valid <see cref="RoomName"/> that must be there.</summary>
    public string RequiredRoom()
    {
        var room = Required("room"u8);
        if (Error is null && !RoomName.IsValid(room))
            Refuse(RoomName.Refused);
        return room;
    }

    /// <summary>The <c>message</c>: UTF-8 that must be there and pass <see cref="MessageText.Check"/>.</summary>
    public byte[] RequiredText() => RequiredText(OptionalText());

    /// <param name="text">The <c>message</c> that was read already.</param>
    public byte[] RequiredText(byte[]? text)
    {
        if (text is null)
            RefuseMissing("message"u8, "a string");
        else if (MessageText.Check(text, Limits) is { } refusal)
            Refuse(refusal);
        return text ?? [];
    }

    /// <summary>The <c>message</c>, whatever stands in it; or null.</summary>
    public byte[]? OptionalText()
    {
        if (!TryFindString("message"u8, out var field))
            return null;
        if (!field.IsEscaped)
            return StringOf(field).ToArray();
        // Unescaping never makes a text longer.
        var text = new byte[field.Length];
        var json = ReaderAt(field);
        Array.Resize(ref text, json.CopyString(text));
        return text;
    }

    /// <summary>The <c>client_msg_id</c>: a valid <see cref="ClientMessageId"/>, or null.</summary>
    public string? OptionalClientMessageId()
    {
        var id = Optional("client_msg_id"u8);
        if (id is not null && !ClientMessageId.IsValid(id))
            Refuse(ClientMessageId.Refused);
        return id;
    }

    /// <summary>A <c>seq</c> that must be there.</summary>
    /// <param name="what">What it numbers, for the refusal.</param>
    public long RequiredSeq(ReadOnlySpan<byte> name, string what)
    {
        var seq = OptionalSeq(name, from: 1);
        if (seq is null)
            RefuseMissing(name, what);
        return seq ?? 0;
    }

    /// <summary>A <c>seq</c>, or null.</summary>
    public long? OptionalSeq(ReadOnlySpan<byte> name, long from)
    {
        if (!TryFind(name, out var field))
            return null;
        if (TryReadInteger(field, out var seq) && seq >= from)
            return seq;
        Refuse(new ChatError(ErrorCode.BadRequest, $"\"{Text(name)}\" must be a seq: an integer from {from}."));
        return null;
    }

    /// <summary>An object that must be there.</summary>
    /// <param name="what">What it is made of, for the refusal.</param>
    /// <param name="json">Stands at the beginning of the object.</param>
    public bool TryReadObject(ReadOnlySpan<byte> name, string what, out Utf8JsonReader json)
    {
        if (TryFind(name, out var field) && field.Kind == JsonTokenType.StartObject)
        {
            json = ReaderAt(field);
            return true;
        }

        RefuseMissing(name, what);
        json = default;
        return false;
    }

    /// <summary>An object as it is written, or null.</summary>
    public byte[]? OptionalObject(ReadOnlySpan<byte> name)
    {
        if (!TryFind(name, out var field))
            return null;
        if (field.Kind == JsonTokenType.StartObject)
            return _frame.Slice(field.Start, field.Length).ToArray();
        Refuse(new ChatError(ErrorCode.BadRequest, $"\"{Text(name)}\" must be an object."));
        return null;
    }

    /// <summary>One of an enum's values, by its <see cref="WireName"/>; or null.</summary>
    public T? OptionalName<T>(ReadOnlySpan<byte> name)
        where T : struct, Enum
    {
        if (Optional(name) is not { } text)
            return null;
        if (WireName.TryRead(text, out T value))
            return value;
        Refuse(new ChatError(ErrorCode.BadRequest, $"\"{Text(name)}\" must be one of: {WireName.List<T>()}."));
        return null;
    }

    /// <summary>One of an enum's values, which must be there.</summary>
    public T RequiredName<T>(ReadOnlySpan<byte> name)
        where T : struct, Enum
    {
        var value = OptionalName<T>(name);
        if (value is null)
            RefuseMissing(name, $"one of {WireName.List<T>()}");
        return value ?? default;
    }

    /// <summary>An array of strings, or null.</summary>
    /// <param name="most">How many there may be.</param>
    public List<string>? OptionalStrings(ReadOnlySpan<byte> name, int most)
    {
        if (!TryFind(name, out var field))
            return null;
        var texts = new List<string>();
        var json = ReaderAt(field);
        var isArray = json.TokenType == JsonTokenType.StartArray;
        while (isArray && texts.Count <= most && json.Read() && json.TokenType == JsonTokenType.String)
            texts.Add(json.GetString()!);
        if (isArray && json.TokenType == JsonTokenType.EndArray && texts.Count <= most)
            return texts;
        Refuse(new ChatError(ErrorCode.BadRequest, $"\"{Text(name)}\" must be an array of at most {most} strings."));
        return null;
    }

    /// <summary>The <c>type</c>, which must be there; empty where it is not.</summary>
    internal ReadOnlySpan<byte> RequiredType()
    {
        if (TryFindString("type"u8, out var field))
            return field.IsEscaped ? System.Text.Encoding.UTF8.GetBytes(ReadString(field)) : StringOf(field);
        RefuseMissing("type"u8, "a string");
        return default;
    }

    /// <summary>Refuses for a field that is not there, or of another kind.</summary>
    private void RefuseMissing(ReadOnlySpan<byte> name, string kind) =>
        Refuse(new ChatError(ErrorCode.BadRequest, $"\"{Text(name)}\" is needed: {kind}."));

    internal static string Text(ReadOnlySpan<byte> ascii) => System.Text.Encoding.ASCII.GetString(ascii);

    /// <summary>The pass over the frame.</summary>
    /// <returns>False where the frame is JSON and yet not one that can be read.</returns>
    /// <exception cref="JsonException">It is no JSON.</exception>
    private bool Find()
    {
        var json = new Utf8JsonReader(_frame, Strict);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (name, nameLength, nameIsEscaped) = ((int)json.TokenStartIndex, json.ValueSpan.Length, json.ValueIsEscaped);
            if (IsBroken(ref json))
                return false;
            json.Read();
            var (start, kind, isEscaped) = ((int)json.TokenStartIndex, json.TokenType, json.ValueIsEscaped);
            if (!TryPass(ref json))
                return false;
            if (!TryAdd(new Field(name, nameLength, start, (int)json.BytesConsumed - start, kind, nameIsEscaped, isEscaped)))
                return false;
        }

        // The reader throws where more follows.
        return !json.Read() && (!_repeatsUnchecked || HasNoRepeats());
    }

    /// <summary>Goes to the end of the value on which the reader stands.</summary>
    private bool TryPass(ref Utf8JsonReader json)
    {
        var depth = json.CurrentDepth;
        while (true)
        {
            if (json.TokenType == JsonTokenType.StartObject)
                _repeatsUnchecked = true;
            else if (json.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && IsBroken(ref json))
                return false;
            var goesOn = json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray or JsonTokenType.PropertyName;
            if (!goesOn && json.CurrentDepth == depth)
                return true;
            json.Read();
        }
    }

    private bool TryAdd(scoped in Field field)
    {
        if (field.NameIsEscaped || _count >= FirstFields.Length)
            _repeatsUnchecked = true;
        for (var i = 0; i < _count && !_repeatsUnchecked; i++)
        {
            if (NameOf(_first[i]).SequenceEqual(NameOf(field)))
                return false;
        }

        if (_count < FirstFields.Length)
        {
            _first[_count] = field;
        }
        else
        {
            var others = _others ?? new Field[FirstFields.Length];
            if (_count - FirstFields.Length == others.Length)
                Array.Resize(ref others, 2 * others.Length);
            others[_count - FirstFields.Length] = field;
            _others = others;
        }

        _count++;
        return true;
    }

    /// <remarks>Frames that come here are rare, but for <c>resume</c>: they pay for a document.</remarks>
    private readonly bool HasNoRepeats()
    {
        using var document = JsonDocument.Parse(_frame.ToArray(), StrictDocument);
        return true;   // else it throws
    }

    /// <summary>Whether the string has the escape of one surrogate without the other's beside it (RFC 8259, section 8.2).</summary>
    /// <remarks>The reader has seen that each backslash begins an escape, and that <c>\u</c> has its four digits.</remarks>
    private static bool IsBroken(ref Utf8JsonReader json)
    {
        if (!json.ValueIsEscaped)
            return false;
        for (var rest = json.ValueSpan; rest.IndexOf((byte)'\\') is var escape and >= 0;)
        {
            rest = rest[escape..];
            var isHigh = IsHighSurrogate(rest);
            if (IsLowSurrogate(rest) || (isHigh && !IsLowSurrogate(rest[6..])))
                return true;
            rest = rest[(isHigh ? 12 : 2)..];
        }

        return false;
    }

    /// <summary>Whether U+D800 to U+DBFF is written next.</summary>
    private static bool IsHighSurrogate(ReadOnlySpan<byte> text) =>
        text is
        [
            (byte)'\\', (byte)'u', (byte)'d' or (byte)'D',
            (byte)'8' or (byte)'9' or (byte)'a' or (byte)'b' or (byte)'A' or (byte)'B', ..,
        ];

    /// <summary>Whether U+DC00 to U+DFFF is written next.</summary>
    private static bool IsLowSurrogate(ReadOnlySpan<byte> text) =>
        text is [(byte)'\\', (byte)'u', (byte)'d' or (byte)'D', (>= (byte)'c' and <= (byte)'f') or (>= (byte)'C' and <= (byte)'F'), ..];

    private FrameId ReadId()
    {
        if (!TryFind("id"u8, out var field))
            return default;
        if (TryReadInteger(field, out var number))
            return new FrameId(number);
        if (field.Kind == JsonTokenType.String && ReadString(field) is { Length: <= FrameId.MaxLength } text)
            return new FrameId(text);
        Refuse(new ChatError(ErrorCode.BadRequest, $"\"id\" must be an integer or a string of at most {FrameId.MaxLength} characters."));
        return default;
    }

    private bool TryFindString(ReadOnlySpan<byte> name, out Field field)
    {
        if (!TryFind(name, out field))
            return false;
        if (field.Kind == JsonTokenType.String)
            return true;
        RefuseMissing(name, "a string");
        return false;
    }

    private readonly bool TryFind(ReadOnlySpan<byte> name, out Field field)
    {
        for (var i = 0; i < _count; i++)
        {
            field = i < FirstFields.Length ? _first[i] : _others![i - FirstFields.Length];
            if (field.NameIsEscaped ? NameReaderAt(field).ValueTextEquals(name) : NameOf(field).SequenceEqual(name))
                return field.Kind != JsonTokenType.Null;
        }

        field = default;
        return false;
    }

    private readonly string ReadString(scoped in Field field) =>
        field.IsEscaped ? ReaderAt(field).GetString()! : System.Text.Encoding.UTF8.GetString(StringOf(field));

    private readonly bool TryReadInteger(in Field field, out long number)
    {
        number = 0;
        return field.Kind == JsonTokenType.Number
            && Utf8Parser.TryParse(_frame.Slice(field.Start, field.Length), out number, out var digits) && digits == field.Length;
    }

    private readonly ReadOnlySpan<byte> NameOf(scoped in Field field) => _frame.Slice(field.Name + 1, field.NameLength);

    private readonly ReadOnlySpan<byte> StringOf(scoped in Field field) => _frame.Slice(field.Start + 1, field.Length - 2);

    private readonly Utf8JsonReader ReaderAt(scoped in Field field) => ReaderAt(field.Start, field.Length);

    private readonly Utf8JsonReader NameReaderAt(scoped in Field field) => ReaderAt(field.Name, field.NameLength + 2);

    private readonly Utf8JsonReader ReaderAt(int start, int length)
    {
        var json = new Utf8JsonReader(_frame.Slice(start, length), Strict);
        json.Read();
        return json;
    }

    /// <summary>Where a field is in the frame.</summary>
    /// <param name="Name">The quote before its name.</param>
    /// <param name="NameLength">Bytes of the name as it is written, without quotes.</param>
    /// <param name="Start">The first byte of its value; of a string the quote.</param>
    /// <param name="Length">Bytes of the value as it is written, with quotes.</param>
    /// <param name="Kind">What the value begins with.</param>
    /// <param name="NameIsEscaped">Whether the name has escapes.</param>
    /// <param name="IsEscaped">Whether the value is a string with escapes.</param>
    private readonly record struct Field(
        int Name, int NameLength, int Start, int Length, JsonTokenType Kind, bool NameIsEscaped, bool IsEscaped);

    /// <summary>More than any command has. A frame of more fields is read too, but costs an array.</summary>
    [InlineArray(Length)]
    private struct FirstFields
    {
        public const int Length = 8;

        private Field _field;
    }
}
