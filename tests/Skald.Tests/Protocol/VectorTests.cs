using System.Buffers;
using System.Text;
using System.Text.Json;
using Skald.Protocol;
using Skald.Tests.Harness;
using Skald.Tests.Repository;

namespace Skald.Tests.Protocol;

/// <summary>The frames of protocol/vectors/, which every client is tested against too.</summary>
public sealed class VectorTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private static readonly JsonSerializerOptions Plain =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonElement[] Client = Read("client-frames.json");

    private static readonly JsonElement[] Server = Read("server-frames.json");

    public static TheoryData<string> ClientNames => [.. Client.Select(Name)];

    public static TheoryData<string> ServerNames => [.. Server.Select(Name)];

    /// <summary>Those that the server answers with an error, on its Skald socket.</summary>
    public static TheoryData<string> RefusedNames =>
        [.. Client.Where(vector => vector.TryGetProperty("error", out _)).Select(Name)];

    [Theory]
    [MemberData(nameof(ClientNames))]
    public void Client_frame_is_read_as_the_vector_says(string name)
    {
        var vector = Client.Single(vector => Name(vector) == name);
        var frame = Encoding.UTF8.GetBytes(vector.GetProperty("frame").GetString()!);
        ChatError? error;
        FrameId id;
        var command = vector.GetProperty("on").GetString() == "room"
            ? SendCommand.ReadRoomFrame(frame, "global", ProtocolLimits.Default, out error, out id)
            : ClientCommand.Read(frame, ProtocolLimits.Default, out error, out id);

        if (vector.TryGetProperty("error", out var expected))
        {
            Assert.Null(command);
            Assert.Equal(expected.GetProperty("code").GetString(), error?.Code.Name);
            Assert.NotEmpty(error!.Detail);
        }
        else if (vector.TryGetProperty("ignored", out _))
        {
            Assert.Null(command);
            Assert.Null(error);
        }
        else
        {
            Assert.Null(error);
            var fields = vector.GetProperty("command");
            string? unsaid = vector.GetProperty("on").GetString() == "room" ? "room" : null;   // the address says it
            var read = Fields(command!, unsaid);
            Assert.True(JsonElement.DeepEquals(fields, read), $"{read} where {fields} is expected.");
            Assert.Equal(id, command!.Id);
        }
    }

    [Theory]
    [MemberData(nameof(ServerNames))]
    public void Server_frame_is_written_to_the_letter(string name)
    {
        var vector = Server.Single(vector => Name(vector) == name);
        var fields = vector.GetProperty("fields");
        var output = new ArrayBufferWriter<byte>();
        using var writer = new FrameWriter(output);

        Write(writer, fields);

        var text = vector.GetProperty("frame").GetString();
        Assert.Equal(text, Encoding.UTF8.GetString(output.WrittenSpan));
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(text!), fields));
    }

    [Theory]
    [MemberData(nameof(RefusedNames))]
    public async Task Client_frame_that_is_refused_is_refused_by_the_server_and_closes_where_the_vector_says(string name)
    {
        var vector = Client.Single(vector => Name(vector) == name);
        await using var socket = vector.GetProperty("on").GetString() == "room"
            ? await shared.Ann.OpenRoomAsync("global")
            : await shared.Ann.ConnectAsync();

        await socket.SendTextAsync(vector.GetProperty("frame").GetString()!);

        var expected = vector.GetProperty("error");
        await socket.ExpectErrorAsync(expected.GetProperty("code").GetString()!);
        if (expected.TryGetProperty("close", out var close))
        {
            Assert.Equal(close.GetInt32(), (await socket.ExpectAsync("closing")).GetProperty("code").GetInt32());
            Assert.Equal(close.GetInt32(), await socket.ExpectCloseAsync());
        }
        else
        {
            await socket.SendTextAsync("""{"type":"send","id":1,"room":"global","message":"still open"}""");
            await socket.SkipToAsync("ack");
        }
    }

    [Fact]
    public void Codes_are_all_there_and_mean_what_they_say()
    {
        var codes = JsonElement.Parse(Source.Read("protocol/vectors/codes.json"));

        Assert.Equal(
            ErrorCode.All.Select(code => (code.Name, code.Status, code.Retryable)),
            codes.GetProperty("errors").EnumerateArray().Select(code => (
                code.GetProperty("code").GetString()!, code.GetProperty("status").GetInt32(), code.GetProperty("retryable").GetBoolean())));
        Assert.Equal(
            CloseCode.Own.Select(code => ((int)code.Number, code.Reason, code.Reconnect)),
            codes.GetProperty("closes").EnumerateArray().Select(code => (
                code.GetProperty("code").GetInt32(), code.GetProperty("reason").GetString()!, code.GetProperty("reconnect").GetBoolean())));
    }

    [Fact]
    public void Every_code_of_the_class_is_in_its_list()
    {
        Assert.Equal(Declared<ErrorCode>().Select(code => code.Name).Order(), ErrorCode.All.Select(code => code.Name).Order());
        Assert.Equal(
            Declared<CloseCode>().Where(code => code.Number >= 4000).Select(code => code.Number).Order(),
            CloseCode.Own.Select(code => code.Number).Order());

        static IEnumerable<T> Declared<T>() =>
            typeof(T).GetFields().Where(field => field.IsStatic && field.FieldType == typeof(T)).Select(field => (T)field.GetValue(null)!);
    }

    [Fact]
    public void Reason_fits_into_a_close_frame() =>
        Assert.All(CloseCode.Own, code => Assert.InRange(Encoding.UTF8.GetByteCount(code.Reason), 1, 123));

    private static readonly JsonSerializerOptions AsWritten = new() { Encoder = FrameWriter.Options.Encoder };

    /// <summary>A command as the vectors write it: whatever it has read, under the name that the field has in a frame.</summary>
    /// <param name="unsaid">A field that the frame does not have.</param>
    internal static JsonElement Fields(ClientCommand command, string? unsaid = null)
    {
        var fields = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["type"] = command.GetType().Name.Replace("Command", "", StringComparison.Ordinal).ToLowerInvariant(),
        };
        foreach (var property in command.GetType().GetProperties())
        {
            if (property.Name == nameof(EntryCommand.Kind))
                continue;
            if (property.GetValue(command) is RoomFields given)
            {
                foreach (var (field, value) in GivenOf(given))
                    fields[field] = value;
                continue;
            }

            if (FieldName(property.Name) is var name && name != unsaid && Shown(property.Name, property.GetValue(command)) is { } shown)
                fields[name] = shown;
        }

        return JsonSerializer.SerializeToElement(fields);
    }

    private static string FieldName(string property) => property switch
    {
        nameof(SendCommand.Text) => "message",
        nameof(ChangeCommand.Target) => "seq",
        nameof(EntryCommand.ClientMessageId) => "client_msg_id",
        _ => JsonNamingPolicy.SnakeCaseLower.ConvertName(property),
    };

    private static object? Shown(string property, object? value) => value switch
    {
        byte[] json when property == nameof(SignalCommand.Data) => JsonElement.Parse(json),
        FrameId id => id.Wanted ? IdOf(id) : null,
        byte[] text => Encoding.UTF8.GetString(text),
        Enum one => JsonNamingPolicy.SnakeCaseLower.ConvertName(one.ToString()),
        IReadOnlyList<RoomPosition> rooms => rooms.ToDictionary(room => room.Room, room => room.Seq),
        _ => value,
    };

    private static Dictionary<string, object> GivenOf(RoomFields given) => new Dictionary<string, object?>
    {
        ["title"] = given.Title,
        ["topic"] = given.Topic,
        ["data"] = given.Data is { } data ? JsonElement.Parse(data) : null,
        ["visibility"] = given.Visibility is { } visibility ? WireName.Of(visibility) : null,
        ["history"] = given.History is { } history ? WireName.Of(history) : null,
        ["roles"] = given.Roles?.ToDictionary(one => one.Key, one => WireName.Of(one.Value)),
    }.Where(one => one.Value is not null).ToDictionary(one => one.Key, one => one.Value!);

    /// <summary>What the server would say with these fields.</summary>
    private static void Write(FrameWriter writer, JsonElement fields)
    {
        switch (Text("type"))
        {
            case "chat_message":
                Message(fields).WriteTo(writer);
                break;
            case "entry":
                Entry().WriteTo(writer);
                break;
            default:
                Answer().WriteTo(writer);
                break;
        }

        IServerFrame Answer() => Text("type") switch
        {
            "ready" => new ReadyFrame(
                Re(), Inner("user", "id").GetInt64(), Inner("user", "username").GetString()!, Text("epoch"),
                TimeSpan.FromMilliseconds(Number("ping_interval")), new ProtocolLimits
                {
                    MessageCodePoints = Inner("limits", "message_code_points").GetInt32(),
                    MessageBytes = Inner("limits", "message_bytes").GetInt32(),
                    FrameBytes = Inner("limits", "frame_bytes").GetInt32(),
                    Rooms = Inner("limits", "rooms").GetInt32(),
                    SignalBytes = Inner("limits", "signal_bytes").GetInt32(),
                }),
            "joined" => new JoinedFrame(
                Re(), Text("room"), Number("seq"), Number("since"), fields.GetProperty("complete").GetBoolean(), Number("first_seq"),
                Text("epoch"))
            { Role = WireName.TryRead(Optional("role"), out Role role) ? role : null },
            "left" => new LeftFrame(Re(), Text("room")) { Seq = fields.TryGetProperty("seq", out var at) ? at.GetInt64() : 0 },
            "ack" => new AckFrame(Re(), new StoredEntry(
                Text("room"), Number("seq"), Moment(fields, "timestamp"),
                fields.TryGetProperty("target", out var target) ? target.GetInt64() : 0,
                fields.GetProperty("duplicate").GetBoolean(), fields.TryGetProperty("unchanged", out _),
                Optional("message") is { } text ? Encoding.UTF8.GetBytes(text) : null)),
            "pong" => new PongFrame(Re()),
            "signal" => new SignalFrame(
                Text("room"), Number("user_id"), Text("username"), Text("event"),
                fields.TryGetProperty("data", out var data) ? JsonSerializer.SerializeToUtf8Bytes(data, Plain) : null),
            "signaled" => new SignaledFrame(Re(), Text("room")),
            "error" => new ErrorFrame(Re(), new ChatError(ErrorCode.All.Single(code => code.Name == Text("code")), Text("detail"))
            {
                Room = Optional("room"),
                Now = fields.TryGetProperty("now", out var present) ? JsonSerializer.SerializeToUtf8Bytes(present, Plain) : null,
                RetryAfter = Wait("retry_after_ms"),
            }),
            "closing" => new ClosingFrame(CloseCode.Own.Single(code => code.Number == Number("code")), Wait("reconnect_after_ms")),
            var type => throw new InvalidOperationException($"No frame of type {type} is written."),
        };

        LogEntry Entry() => Text("kind") switch
        {
            // Whose text is gone by now.
            "none" => LogEntry.Of(new ChatMessage
            {
                Room = Text("room"),
                Seq = Number("seq"),
                Username = "ann"u8,
                Text = default,
                Timestamp = default,
                DeletedBy = "ann"u8,
            }),
            var kind => new LogEntry
            {
                Kind = Enum.Parse<EntryKind>(kind, ignoreCase: true),
                Room = Text("room"),
                Seq = Number("seq"),
                By = Encoding.UTF8.GetBytes(Text("by")),
                Timestamp = Moment(fields, "timestamp"),
                Message = fields.TryGetProperty("target", out _) ? Message(fields.GetProperty("now")) : default,
                Data = fields.TryGetProperty("target", out _) ? default : Data(),
            },
        };

        FrameId Re() => !fields.TryGetProperty("re", out var id) ? default
            : id.ValueKind == JsonValueKind.String ? new FrameId(id.GetString()!) : new FrameId(id.GetInt64());
        TimeSpan? Wait(string name) => fields.TryGetProperty(name, out var wait) ? TimeSpan.FromMilliseconds(wait.GetInt64()) : null;
        JsonElement Inner(string name, string field) => fields.GetProperty(name).GetProperty(field);
        byte[] Data() => JsonSerializer.SerializeToUtf8Bytes(fields.EnumerateObject()
            .Where(field => field.Name is not ("type" or "room" or "seq" or "kind" or "timestamp" or "by"))
            .ToDictionary(field => field.Name, field => field.Value), AsWritten);
        string Text(string name) => fields.GetProperty(name).GetString()!;
        string? Optional(string name) => fields.TryGetProperty(name, out var value) ? value.GetString() : null;
        long Number(string name) => fields.GetProperty(name).GetInt64();
    }

    private static ChatMessage Message(JsonElement fields)
    {
        var deleted = fields.TryGetProperty("deleted", out var deletion);
        var edited = fields.TryGetProperty("text_version", out var textVersion);
        return new ChatMessage
        {
            Room = fields.GetProperty("room").GetString()!,
            Seq = fields.GetProperty("seq").GetInt64(),
            Username = Bytes("username"),
            Text = Bytes("message"),
            Timestamp = Moment(fields, "timestamp"),
            ClientMessageId = Bytes("client_msg_id"),
            Version = fields.GetProperty("version").GetInt64(),
            TextVersion = edited ? textVersion.GetInt64() : 0,
            EditedAt = edited ? Moment(fields, "edited_at") : default,
            DeletedBy = deleted ? Encoding.UTF8.GetBytes(deletion.GetProperty("by").GetString()!) : [],
            DeletedAt = deleted ? Moment(deletion, "at") : default,
        };

        byte[] Bytes(string name) => fields.TryGetProperty(name, out var value) ? Encoding.UTF8.GetBytes(value.GetString()!) : [];
    }

    private static Timestamp Moment(JsonElement fields, string name) => Timestamp.From(fields.GetProperty(name).GetDateTimeOffset());

    /// <summary>An id shows itself only in what is written with it.</summary>
    private static JsonElement IdOf(FrameId id)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new FrameWriter(output);
        new PongFrame(id).WriteTo(writer);
        return JsonElement.Parse(output.WrittenSpan).GetProperty("re");
    }

    private static string Name(JsonElement vector) => vector.GetProperty("name").GetString()!;

    private static JsonElement[] Read(string file) => [.. JsonElement.Parse(Source.Read($"protocol/vectors/{file}")).EnumerateArray()];
}
