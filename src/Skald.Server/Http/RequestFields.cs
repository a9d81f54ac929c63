using System.Text.Json;
using Skald.Protocol;

namespace Skald.Server.Http;

/// <summary>
/// The text fields of a request's body, from JSON or a form, and what is wrong with them, so that one answer names every bad field.
/// Fields that nobody asks for are passed over: clients of the Django project send some, and none is ever assigned (A-36).
/// </summary>
internal sealed class RequestFields
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = ProtocolLimits.JsonDepth, AllowDuplicateProperties = false };

    private static readonly ChatError NotReadable =
        new(ErrorCode.Malformed, "The body is not one JSON object of at most 8 levels, without repeated keys or lone surrogates.");

    private static readonly ChatError FormNotReadable = new(ErrorCode.Malformed, "The body is not a form as its Content-Type says.");

    private readonly Dictionary<string, Field> _fields;
    private readonly Dictionary<string, string[]> _errors = new(StringComparer.Ordinal);

    private RequestFields(Dictionary<string, Field> fields) => _fields = fields;

    /// <summary>Null while every field asked for is fine.</summary>
    public ChatError? Error => _errors.Count == 0
        ? null
        : new ChatError(ErrorCode.ValidationFailed, $"Check {string.Join(", ", _errors.Keys)}: see errors.") { Errors = _errors };

    /// <summary>Reads the body as one request.</summary>
    /// <param name="forms">Whether a form will do as well as JSON.</param>
    /// <param name="from">Asks for the fields. Its own refusal comes before <see cref="Error"/>.</param>
    /// <param name="ct">Cancelled when the client has gone.</param>
    public static async Task<Outcome<T>> ReadAsync<T>(
        HttpRequest request, bool forms, Func<RequestFields, Outcome<T>> from, CancellationToken ct)
        where T : notnull
    {
        if (!(await ReadAsync(request, forms, ct)).TryGet(out var fields, out var unreadable))
            return unreadable;
        var read = from(fields);
        return read.TryGet(out _, out var refusal) && fields.Error is { } invalid ? invalid : read;
    }

    /// <summary>Reads the body for a caller that has to wait for something between its fields and what is wrong with them.</summary>
    /// <param name="forms">Whether a form will do as well as JSON.</param>
    /// <param name="ct">Cancelled when the client has gone.</param>
    public static async Task<Outcome<RequestFields>> ReadAsync(HttpRequest request, bool forms, CancellationToken ct)
    {
        try
        {
            return request.HasJsonContentType() ? await ReadJsonAsync(request, ct)
                : forms && request.HasFormContentType ? await ReadFormAsync(request, ct)
                : forms ? Problems.WrongType with { Detail = "Send application/json, or a form." } : Problems.WrongType;
        }
        catch (IOException e)
        {
            return Problems.Unreadable(e);
        }
    }

    /// <summary>A field that must be there and not be blank; <c>""</c> where it is not, and <see cref="Error"/> then says so.</summary>
    public string Required(string name)
    {
        if (!_fields.TryGetValue(name, out var field))
            Refuse(name, "This field is required.");
        else if (field.Text is { Length: 0 })
            Refuse(name, "This field may not be blank.");
        return Optional(name);
    }

    /// <summary>A field, or <c>""</c>.</summary>
    public string Optional(string name)
    {
        if (!_fields.TryGetValue(name, out var field))
            return "";
        if (field.Problem is { } problem)
            Refuse(name, problem);
        return field.Text ?? "";
    }

    /// <summary>Says what is wrong with a field. The first word counts: a missing password is not also too short.</summary>
    public void Refuse(string name, string problem) => _errors.TryAdd(name, [problem]);

    private static async Task<Outcome<RequestFields>> ReadJsonAsync(HttpRequest request, CancellationToken ct)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, Strict, ct);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new RequestFields(document.RootElement.EnumerateObject()
                    .Where(property => property.Value.ValueKind != JsonValueKind.Null)
                    .ToDictionary(property => property.Name, property => Field.Of(property.Value), StringComparer.Ordinal))
                : NotReadable;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is what the parser throws for a lone surrogate.
            return NotReadable;
        }
    }

    private static async Task<Outcome<RequestFields>> ReadFormAsync(HttpRequest request, CancellationToken ct)
    {
        try
        {
            var form = await request.ReadFormAsync(ct);
            return new RequestFields(form.ToDictionary(field => field.Key, field => Field.Of(field.Value), StringComparer.Ordinal));
        }
        catch (InvalidDataException)
        {
            return FormNotReadable;
        }
    }

    /// <summary>A text, or what is wrong with it.</summary>
    private readonly record struct Field(string? Text, string? Problem)
    {
        public static Field Of(JsonElement value) =>
            value.ValueKind == JsonValueKind.String ? Of(value.GetString()!) : new Field(null, "Not a valid string.");

        public static Field Of(Microsoft.Extensions.Primitives.StringValues values) =>
            values.Count == 1 ? Of(values[0]!) : new Field(null, "This field was given more than once.");

        private static Field Of(string text) =>
            text.Contains('\0', StringComparison.Ordinal) ? new Field(null, "Null characters are not allowed.") : new Field(text, null);
    }
}
