using System.Text.Json;

namespace Skald.Protocol;

/// <summary>What a client says of a room, besides its name: null is what it does not say.</summary>
/// <param name="Title">What people see; empty for none.</param>
/// <param name="Topic">What it is about; empty for none.</param>
/// <param name="Data">A JSON object of the application's own, in UTF-8; an empty one for none.</param>
/// <param name="Roles">The least role by the name of an action; not checked.</param>
public sealed record RoomFields(
    string? Title, string? Topic, byte[]? Data, Visibility? Visibility, HistoryShown? History, IReadOnlyDictionary<string, Role>? Roles)
{
    /// <summary>Longest title and topic, in code points; longest data, in bytes.</summary>
    public const int TitleCodePoints = 100, TopicCodePoints = 500, DataBytes = 2_048;

    private static readonly ChatError BadRoles = new(
        ErrorCode.BadRequest, $"\"roles\" must be an object of actions and the least role for each: {WireName.List<Role>()}.");

    public bool IsEmpty => this is { Title: null, Topic: null, Data: null, Visibility: null, History: null, Roles: null };

    internal static RoomFields From(ref FrameFields fields) => new(
        ReadLine(ref fields, "title"u8, TitleCodePoints),
        ReadLine(ref fields, "topic"u8, TopicCodePoints),
        ReadData(ref fields),
        fields.OptionalName<Visibility>("visibility"u8),
        fields.OptionalName<HistoryShown>("history"u8),
        ReadRoles(ref fields));

    /// <summary>A text without control characters, and without blanks at its ends.</summary>
    private static string? ReadLine(ref FrameFields fields, ReadOnlySpan<byte> name, int most)
    {
        if (fields.Optional(name) is not { } text)
            return null;
        text = text.Trim().Normalize();
        if (text.Any(char.IsControl))
            fields.Refuse(new ChatError(ErrorCode.BadRequest, $"\"{FrameFields.Text(name)}\" is one line: no control characters."));
        else if (text.EnumerateRunes().Count() > most)
            fields.Refuse(new ChatError(ErrorCode.TooLong, $"\"{FrameFields.Text(name)}\" may have {most} characters (code points)."));
        return text;
    }

    private static byte[]? ReadData(ref FrameFields fields)
    {
        var data = fields.OptionalObject("data"u8);
        if (data?.Length > DataBytes)
            fields.Refuse(new ChatError(ErrorCode.TooLong, $"\"data\" may have {DataBytes} bytes."));
        return data;
    }

    private static Dictionary<string, Role>? ReadRoles(ref FrameFields fields)
    {
        if (fields.OptionalObject("roles"u8) is not { } json)
            return null;
        var roles = new Dictionary<string, Role>();
        using var document = JsonDocument.Parse(json);
        foreach (var field in document.RootElement.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.String && WireName.TryRead<Role>(field.Value.GetString(), out var role))
                roles[field.Name] = role;
            else
                fields.Refuse(BadRoles);
        }

        return roles;
    }
}
