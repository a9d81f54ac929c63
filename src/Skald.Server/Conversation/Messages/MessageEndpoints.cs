using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Skald.Protocol;
using Skald.Server.Commands;
using Skald.Server.History;
using Skald.Server.Http;
using Skald.Server.Identity;
using Skald.Server.Limits;
using Skald.Server.Rooms;

namespace Skald.Server.Conversation.Messages;

/// <summary><c>/api/rooms/{room}/messages/</c>: sending, editing and deleting for a client without a socket; the same pipeline.</summary>
internal sealed class MessageEndpoints(HttpCommands commands)
{
    private const string Message =
        """{"type":"chat_message","room":"global","seq":42,"username":"ann","message":"Hello world","timestamp":"2026-02-21T16:46:02.123456Z","client_msg_id":"0b9f2c1e-7f3a","version":42,"duplicate":false}""";

    private const string Change = """{"room":"global","seq":57,"timestamp":"2026-02-21T16:49:11.000000Z","target":42,"duplicate":false}""";

    private static readonly ChatError TooFast =
        TokenBucket.Refusal("You send too many messages", TimeSpan.FromMilliseconds(50)) with { Room = "global" };

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var messages = endpoints.MadeOnce<MessageEndpoints>();
        endpoints.MapPost(
                "/api/rooms/{room}/messages",
                (string room, CurrentUser user, HttpContext context) => messages.Value.SendAsync(room, user, context))
            .Describes("Messages", "sendMessage", "Send a message")
            .WithDescription("Answers once the message is on disk. With a client_msg_id the send is idempotent: repeated, it is answered with the message stored the first time.")
            .Produces<StoredMessage>(StatusCodes.Status201Created).Produces<StoredMessage>()
            .TakesRoom()
            .Takes<SendRequest>("""{"message":"Hello world","client_msg_id":"0b9f2c1e-7f3a"}""")
            .Gives(StatusCodes.Status201Created, Message)
            .Gives(StatusCodes.Status200OK, Message.Replace("\"duplicate\":false", "\"duplicate\":true", StringComparison.Ordinal))
            .Refuses(MessageText.Empty, RoomRules.NoSuchRoom with { Room = "nowhere" }, Problems.TooLarge, Problems.WrongType, TooFast)
            .ForUsers();
        endpoints.MapPatch(
                "/api/rooms/{room}/messages/{seq}",
                (string room, string seq, CurrentUser user, HttpContext context) => messages.Value.EditAsync(room, seq, user, context))
            .Describes("Messages", "editMessage", "Give a message another text")
            .WithDescription(
                "Only who wrote it may. With if_version, the text_version that you have seen (or the seq of a message that was never edited), an edit of another text is refused: " +
                "edit_conflict, with the message as it is in now. An edit to the same text stores nothing and is answered with unchanged.")
            .Produces<StoredChange>()
            .TakesRoom()
            .TakesNumber("seq", 1, long.MaxValue, "The message's seq.")
            .Takes<EditRequest>("""{"message":"Hello, world!","client_msg_id":"77aa3c1e-9b21","if_version":42}""")
            .Gives(StatusCodes.Status200OK, Change)
            .Refuses(
                MessageText.Empty, InGlobal(LoggedMessage.NotTheirs), InGlobal(LoggedMessage.NotFound),
                InGlobal(LoggedMessage.Conflict), InGlobal(LoggedMessage.Gone), Problems.TooLarge, Problems.WrongType, TooFast)
            .ForUsers();
        endpoints.MapDelete(
                "/api/rooms/{room}/messages/{seq}",
                (string room, string seq, CurrentUser user, HttpContext context) => messages.Value.DeleteAsync(room, seq, user, context))
            .Describes("Messages", "deleteMessage", "Delete a message")
            .WithDescription(
                "Only who wrote it may. Its text is erased with the answer, and from every file of the server within a minute; seq, sender and times stay. " +
                "Deleting it again is answered with unchanged.")
            .Produces<StoredChange>()
            .TakesRoom()
            .TakesNumber("seq", 1, long.MaxValue, "The message's seq.")
            .Gives(StatusCodes.Status200OK, Change)
            .Refuses(InGlobal(LoggedMessage.NotTheirs), InGlobal(LoggedMessage.NotFound), TooFast)
            .ForUsers();
    }

    private Task SendAsync(string room, CurrentUser user, HttpContext context) => commands.RunAsync(
        context,
        user,
        (body, limits, out error) => SendCommand.ReadBody(body, room, limits, out error),
        WriteMessage);

    private Task EditAsync(string room, string seq, CurrentUser user, HttpContext context) => TryRead(seq, out var target)
        ? commands.RunAsync(
            context,
            user,
            (body, limits, out error) => EditCommand.ReadBody(body, room, target, limits, out error),
            HttpCommands.WriteStored)
        : Problems.WriteAsync(context, LoggedMessage.NotFound);

    private Task DeleteAsync(string room, string seq, CurrentUser user, HttpContext context) =>
        TryRead(seq, out var target)
            ? commands.RunAsync(
                context, user, new DeleteCommand(default, room, target, ClientMessageId: null), HttpCommands.WriteStored)
            : Problems.WriteAsync(context, LoggedMessage.NotFound);

    private static int WriteMessage(FrameWriter json, Draft draft)
    {
        Span<byte> scratch = stackalloc byte[Draft.ScratchLength];
        draft.ToMessage(scratch).WriteTo(json, duplicate: draft.End == DraftEnd.Duplicate);
        return draft.End == DraftEnd.Duplicate ? StatusCodes.Status200OK : StatusCodes.Status201Created;
    }

    private static ChatError InGlobal(ChatError refusal) => refusal with { Room = RoomName.Global };

    private static bool TryRead(string seq, out long target) =>
        long.TryParse(seq, NumberStyles.None, CultureInfo.InvariantCulture, out target) && target > 0;
}

/// <summary>A message to send.</summary>
/// <param name="Message">The text: at most {Limits:MessageCodePoints} code points and {Limits:MessageBytes} bytes of UTF-8.</param>
/// <param name="ClientMsgId">The sender's own name for the message, 8–64 of <c>A–Z a–z 0–9 _ -</c>: makes the send idempotent.</param>
internal sealed record SendRequest(
    string Message,
    [property: RegularExpression("^[A-Za-z0-9_-]{8,64}$")] string? ClientMsgId = null);

/// <summary>Another text for a message.</summary>
/// <param name="Message">The text: at most {Limits:MessageCodePoints} code points and {Limits:MessageBytes} bytes of UTF-8.</param>
/// <param name="ClientMsgId">The sender's own name for the edit, 8–64 of <c>A–Z a–z 0–9 _ -</c>: makes it idempotent.</param>
/// <param name="IfVersion">The text_version that the sender has seen; of a message that was never edited, its seq.</param>
internal sealed record EditRequest(
    string Message,
    [property: RegularExpression("^[A-Za-z0-9_-]{8,64}$")] string? ClientMsgId = null,
    long? IfVersion = null);

/// <summary>The message as it is stored.</summary>
internal sealed record StoredMessage : HistoryMessage
{
    /// <summary>Whether it was there before: the same client_msg_id came again.</summary>
    public required bool Duplicate { get; init; }
}

/// <summary>The entry that an edit or a delete is stored as.</summary>
internal sealed record StoredChange
{
    /// <summary>The room.</summary>
    public required string Room { get; init; }

    /// <summary>The entry's place in the room's log; where nothing changed, that of the entry that made the message what it is.</summary>
    [Range(1, HistoryMessage.LargestExact)]
    public required long Seq { get; init; }

    /// <summary>When it was stored: UTC, microseconds.</summary>
    public required DateTime Timestamp { get; init; }

    /// <summary>The message's seq.</summary>
    [Range(1, HistoryMessage.LargestExact)]
    public required long Target { get; init; }

    /// <summary>Whether it was there before: the same client_msg_id came again.</summary>
    public required bool Duplicate { get; init; }

    /// <summary>There and true where the message was so already.</summary>
    public bool? Unchanged { get; init; }
}
