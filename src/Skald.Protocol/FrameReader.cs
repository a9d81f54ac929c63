using System.Text.Json;
using System.Text.Unicode;

namespace Skald.Protocol;

/// <summary>Reads what a client sent: one text frame, one command.</summary>
/// <remarks>
/// Strict where leniency would let two parsers see two things (RFC 8725's lesson for JSON): depth, repeated keys, lone
/// surrogates, trailing data. Unknown fields are passed over, so that a newer client can talk to an older server.
/// </remarks>
public static class FrameReader
{
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = ProtocolLimits.JsonDepth, CommentHandling = JsonCommentHandling.Disallow };

    private static readonly JsonDocumentOptions StrictDocument =
        new() { MaxDepth = ProtocolLimits.JsonDepth, AllowDuplicateProperties = false };

    private static readonly ChatError NotReadable = new(
        ErrorCode.Malformed,
        "This is not one JSON object of at most 8 levels, without repeated keys or lone surrogates.");

    /// <summary>Reads a frame of the Skald socket.</summary>
    /// <param name="frame">Valid UTF-8.</param>
    /// <param name="error">Why there is no command; <see cref="ErrorCode.Malformed"/> where the frame cannot be read at all.</param>
    /// <param name="id">The frame's <c>id</c>, also where the command is refused, so that the refusal can name it.</param>
    public static ClientCommand? ReadCommand(ReadOnlySpan<byte> frame, ProtocolLimits limits, out ChatError? error, out FrameId id)
    {
        var fields = default(Fields);
        error = Read(frame, ref fields);
        id = fields.Id;
        if (error is not null)
            return null;
        return fields.Type switch
        {
            null => Refuse(Missing("type", "a string"), out error),
            "auth" => fields.Token is { } token
                ? new AuthCommand(id, token)
                : Refuse(Missing("token", "a string"), out error),
            "join" => fields.CheckRoom(out error) ? new JoinCommand(id, fields.Room!, fields.Since, fields.Epoch) : null,
            "resume" => fields.Rooms is { } rooms
                ? new ResumeCommand(id, fields.Epoch, rooms)
                : Refuse(Missing("rooms", "an object of room names and positions"), out error),
            "leave" => fields.CheckRoom(out error) ? new LeaveCommand(id, fields.Room!) : null,
            "send" => fields.CheckRoom(out error) ? ReadSend(fields, fields.Room, limits, out error) : null,
            "edit" => fields.CheckRoom(out error) && fields.CheckTarget(out error) ? ReadEdit(fields, fields.Room, fields.Seq!.Value, limits, out error) : null,
            "delete" => fields.CheckRoom(out error) && fields.CheckTarget(out error) && fields.CheckClientMessageId(out error)
                ? new DeleteCommand(id, fields.Room, fields.Seq!.Value, fields.ClientMessageId)
                : null,
            "ping" => new PingCommand(id),
            _ => Refuse(new ChatError(ErrorCode.UnknownCommand, "The frame's type is none that this server knows."), out error),
        };
    }

    /// <summary>Reads a frame of the room socket: anything with a <c>message</c> sends it.</summary>
    /// <returns>Null with no error where there is nothing to send or to see: clients of the Django project, which know no errors, are told nothing.</returns>
    public static SendCommand? ReadRoomFrame(ReadOnlySpan<byte> frame, ProtocolLimits limits, out ChatError? error, out FrameId id)
    {
        var fields = default(Fields);
        error = Read(frame, ref fields);
        id = fields.Id;
        return error is not null || fields.Message is null || MessageText.IsBlank(fields.Message) ? null : ReadSend(fields, room: null, limits, out error);
    }

    /// <summary>Reads a message that came over HTTP: the room socket's frame, but that a message must be there.</summary>
    /// <param name="body">Any bytes.</param>
    /// <param name="error">Why there is no message.</param>
    public static SendCommand? ReadMessage(ReadOnlySpan<byte> body, ProtocolLimits limits, out ChatError? error)
    {
        var fields = default(Fields);
        error = Utf8.IsValid(body) ? Read(body, ref fields) : NotReadable;
        return error is null ? ReadSend(fields, room: null, limits, out error) : null;
    }

    /// <summary>Reads another text for a message, that came over HTTP.</summary>
    /// <param name="body">Any bytes.</param>
    /// <param name="target">The message's <c>seq</c>, of the address.</param>
    /// <param name="error">Why there is no edit.</param>
    public static EditCommand? ReadEdit(ReadOnlySpan<byte> body, long target, ProtocolLimits limits, out ChatError? error)
    {
        var fields = default(Fields);
        error = Utf8.IsValid(body) ? Read(body, ref fields) ?? fields.ChangeError : NotReadable;
        return error is null ? ReadEdit(fields, room: null, target, limits, out error) : null;
    }

    private static SendCommand? ReadSend(in Fields fields, string? room, ProtocolLimits limits, out ChatError? error) =>
        fields.CheckText(limits, out error) && fields.CheckClientMessageId(out error)
            ? new SendCommand(fields.Id, room, fields.Message!, fields.ClientMessageId)
            : null;

    private static EditCommand? ReadEdit(in Fields fields, string? room, long target, ProtocolLimits limits, out ChatError? error) =>
        fields.CheckText(limits, out error) && fields.CheckClientMessageId(out error)
            ? new EditCommand(fields.Id, room, target, fields.Message!, fields.IfVersion, fields.ClientMessageId)
            : null;

    private static ClientCommand? Refuse(ChatError why, out ChatError? error)
    {
        error = why;
        return null;
    }

    private static ChatError Missing(string field, string kind) => new(ErrorCode.BadRequest, $"\"{field}\" is needed: {kind}.");

    private static ChatError? Read(ReadOnlySpan<byte> frame, ref Fields fields)
    {
        try
        {
            var json = new Utf8JsonReader(frame, Strict);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
                return NotReadable;
            var error = fields.Read(ref json);
            // Read to the end even after a refusal: a frame that is not JSON is that first of all, and closes the socket.
            while (json.Read())
            {
            }

            return fields.HasUnknown ? CheckWhole(frame) ?? error : error;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is what the reader throws for a lone surrogate.
            return NotReadable;
        }
    }

    /// <summary>Frames with fields of a future or of nobody are rare: they pay for the full check of what is passed over.</summary>
    private static ChatError? CheckWhole(ReadOnlySpan<byte> frame)
    {
        var strings = new Utf8JsonReader(frame, Strict);
        while (strings.Read())
        {
            if (strings.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && strings.ValueIsEscaped)
                strings.GetString();
        }

        using var document = JsonDocument.Parse(frame.ToArray(), StrictDocument);
        return null;
    }

    /// <summary>The known fields of a frame, each at most once.</summary>
    private ref struct Fields
    {
        private Known _seen;

        public FrameId Id;
        public string? Type, Token, Room, Epoch, ClientMessageId;
        public long? Since, Seq, IfVersion;
        public ChatError? ChangeError;
        public byte[]? Message;
        public List<RoomPosition>? Rooms;
        public bool HasUnknown;

        /// <remarks>Stops at the first field of a wrong type; the caller reads on to see whether the rest is JSON at all.</remarks>
        public ChatError? Read(ref Utf8JsonReader json)
        {
            ChatError? error = null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var field = Name(ref json);
                if (field == Known.None)
                {
                    HasUnknown = true;
                    json.Skip();
                    continue;
                }

                if ((_seen & field) != Known.None)
                    return NotReadable;
                _seen |= field;
                json.Read();
                error = ReadValue(ref json, field) ?? error;
                json.Skip();
            }

            return error;
        }

        private static Known Name(ref Utf8JsonReader json) =>
            json.ValueTextEquals("type"u8) ? Known.Type
            : json.ValueTextEquals("id"u8) ? Known.Id
            : json.ValueTextEquals("room"u8) ? Known.Room
            : json.ValueTextEquals("message"u8) ? Known.Message
            : json.ValueTextEquals("client_msg_id"u8) ? Known.ClientMessageId
            : json.ValueTextEquals("since"u8) ? Known.Since
            : json.ValueTextEquals("epoch"u8) ? Known.Epoch
            : json.ValueTextEquals("rooms"u8) ? Known.Rooms
            : json.ValueTextEquals("token"u8) ? Known.Token
            : json.ValueTextEquals("seq"u8) ? Known.Seq
            : json.ValueTextEquals("if_version"u8) ? Known.IfVersion
            : Known.None;

        private ChatError? ReadValue(ref Utf8JsonReader json, Known field)
        {
            switch (field)
            {
                case Known.Type: return ReadString(ref json, "type", out Type);
                case Known.Room: return ReadString(ref json, "room", out Room);
                case Known.Epoch: return ReadString(ref json, "epoch", out Epoch);
                case Known.Token: return ReadString(ref json, "token", out Token);
                case Known.ClientMessageId: return ReadString(ref json, "client_msg_id", out ClientMessageId);
                case Known.Message: return ReadText(ref json, out Message);
                case Known.Id: return ReadId(ref json, out Id);
                case Known.Since: return ReadPosition(ref json, "since", from: 0, out Since);
                // Of no meaning to any command but those that change a message: there alone a wrong one is refused.
                case Known.Seq:
                    ChangeError = ReadPosition(ref json, "seq", from: 1, out Seq) ?? ChangeError;
                    return null;
                case Known.IfVersion:
                    ChangeError = ReadPosition(ref json, "if_version", from: 1, out IfVersion) ?? ChangeError;
                    return null;
                default:
                    HasUnknown = true;   // the names of the rooms: the full check finds repeated ones
                    return ReadRooms(ref json, out Rooms);
            }
        }

        public readonly bool CheckRoom(out ChatError? error)
        {
            error = Room is null
                ? Missing("room", "a string")
                : RoomName.IsValid(Room)
                    ? null
                    : RoomName.Refused;
            return error is null;
        }

        public readonly bool CheckTarget(out ChatError? error)
        {
            error = ChangeError ?? (Seq is null ? Missing("seq", "a message's number") : null);
            return error is null;
        }

        public readonly bool CheckText(ProtocolLimits limits, out ChatError? error)
        {
            error = Message is null ? Missing("message", "a string") : MessageText.Check(Message, limits);
            return error is null;
        }

        public readonly bool CheckClientMessageId(out ChatError? error)
        {
            error = ClientMessageId is { } id && !Protocol.ClientMessageId.IsValid(id) ? Protocol.ClientMessageId.Refused : null;
            return error is null;
        }
    }

    /// <summary>A field that is null counts as left out.</summary>
    private static ChatError? ReadString(ref Utf8JsonReader json, string field, out string? value)
    {
        value = json.TokenType == JsonTokenType.String ? json.GetString() : null;
        return json.TokenType is JsonTokenType.String or JsonTokenType.Null ? null : Missing(field, "a string");
    }

    private static ChatError? ReadText(ref Utf8JsonReader json, out byte[]? text)
    {
        text = null;
        if (json.TokenType == JsonTokenType.Null)
            return null;
        if (json.TokenType != JsonTokenType.String)
            return Missing("message", "a string");
        if (!json.ValueIsEscaped)
        {
            text = json.ValueSpan.ToArray();
            return null;
        }

        // Unescaping never makes a text longer.
        var unescaped = new byte[json.ValueSpan.Length];
        Array.Resize(ref unescaped, json.CopyString(unescaped));
        text = unescaped;
        return null;
    }

    private static ChatError? ReadId(ref Utf8JsonReader json, out FrameId id)
    {
        id = default;
        switch (json.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.Number when json.TryGetInt64(out var number):
                id = new FrameId(number);
                return null;
            case JsonTokenType.String when json.GetString() is { Length: <= FrameId.MaxLength } text:
                id = new FrameId(text);
                return null;
            default:
                return new ChatError(ErrorCode.BadRequest, $"\"id\" must be an integer or a string of at most {FrameId.MaxLength} characters.");
        }
    }

    private static ChatError? ReadPosition(ref Utf8JsonReader json, string field, long from, out long? position)
    {
        position = null;
        if (json.TokenType == JsonTokenType.Null)
            return null;
        if (!TryReadPosition(ref json, out var seq) || seq < from)
            return new ChatError(ErrorCode.BadRequest, $"\"{field}\" must be a seq: an integer from {from}.");
        position = seq;
        return null;
    }

    private static ChatError? ReadRooms(ref Utf8JsonReader json, out List<RoomPosition>? rooms)
    {
        rooms = null;
        if (json.TokenType != JsonTokenType.StartObject)
            return Missing("rooms", "an object of room names and positions");
        var positions = new List<RoomPosition>();
        ChatError? error = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var room = json.GetString()!;
            json.Read();
            if (json.TokenType == JsonTokenType.Null)
                positions.Add(new RoomPosition(room, null));
            else if (TryReadPosition(ref json, out var seq))
                positions.Add(new RoomPosition(room, seq));
            else
                error = new ChatError(ErrorCode.BadRequest, "Each of \"rooms\" must be a seq: an integer from 0, or null for live messages only.");
            json.Skip();
        }

        rooms = positions;
        return error;
    }

    private static bool TryReadPosition(ref Utf8JsonReader json, out long seq)
    {
        seq = 0;
        return json.TokenType == JsonTokenType.Number && json.TryGetInt64(out seq) && seq >= 0;
    }

    [Flags]
    private enum Known
    {
        None = 0,
        Type = 1,
        Id = 2,
        Room = 4,
        Message = 8,
        ClientMessageId = 16,
        Since = 32,
        Epoch = 64,
        Rooms = 128,
        Token = 256,
        Seq = 512,
        IfVersion = 1024,
    }
}
