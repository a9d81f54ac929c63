using System.Buffers;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Rooms;

namespace Skald.Server.Connections;

/// <summary><c>POST /api/rooms/{room}/messages/</c>: the same way into the log for whoever has no socket.</summary>
internal static class PublishEndpoint
{
    private const string Example =
        """{"type":"chat_message","room":"global","seq":42,"username":"ann","message":"Hello world","timestamp":"2026-02-21T16:46:02.123456Z","client_msg_id":"0b9f2c1e-7f3a","duplicate":false}""";

    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost("/api/rooms/{room}/messages", PublishAsync)
            .Describes("Messages", "sendMessage", "Send a message")
            .WithDescription("Answers once the message is on disk. With a client_msg_id the send is idempotent: repeated, it is answered with the message stored the first time.")
            .Produces<StoredMessage>(StatusCodes.Status201Created).Produces<StoredMessage>()
            .TakesRoom()
            .Takes<PublishRequest>("""{"message":"Hello world","client_msg_id":"0b9f2c1e-7f3a"}""")
            .Gives(StatusCodes.Status201Created, Example)
            .Gives(StatusCodes.Status200OK, Example.Replace("\"duplicate\":false", "\"duplicate\":true", StringComparison.Ordinal))
            .Refuses(
                MessageText.Empty,
                RoomDirectory.NoSuchRoom with { Room = "nowhere" },
                Problems.TooLarge,
                Problems.WrongType,
                new ChatError(ErrorCode.RateLimited, "You send too many messages; wait 50 ms.") { Room = "global", RetryAfter = TimeSpan.FromMilliseconds(50) })
            .ForUsers();

    private static async Task<IResult> PublishAsync(
        string room, CurrentUser user, HttpRequest request, RoomDirectory rooms, MessagePipeline pipeline, IOptions<Limits> limits)
    {
        if (!request.HasJsonContentType())
            return Problems.WrongType.ToProblem();
        using var body = new MemoryStream();
        try
        {
            await request.Body.CopyToAsync(body);
        }
        catch (IOException e)
        {
            return Problems.Unreadable(e).ToProblem();
        }

        if (FrameReader.ReadMessage(body.GetBuffer().AsSpan(0, (int)body.Length), limits.Value.Protocol, out var error) is not { } message)
            return error!.ToProblem();
        (var entered, error) = await rooms.EnterAsync(user, room);
        if (entered is null)
            return error!.ToProblem();

        var draft = new HttpDraft(entered, user, message.Text, message.ClientMessageId);
        pipeline.Publish(draft);
        return await draft.Completed is { } refusal ? refusal.ToProblem() : new Stored(draft);
    }

    /// <summary>A draft whose sender waits for its end.</summary>
    private sealed class HttpDraft(Room room, CurrentUser sender, byte[] text, string? clientMessageId) : Draft(room, sender, text, clientMessageId)
    {
        private readonly TaskCompletionSource<ChatError?> _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<ChatError?> Completed => _completed.Task;

        public override void Complete(ChatError? refusal) => _completed.SetResult(refusal);
    }

    /// <summary>201 for what is new, 200 for what was there.</summary>
    private sealed class Stored(Draft draft) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var body = new ArrayBufferWriter<byte>(1024);
            using (var writer = new FrameWriter(body))
            {
                Span<byte> scratch = stackalloc byte[Draft.ScratchLength];
                writer.WriteStored(draft.ToMessage(scratch), draft.Duplicate);
            }

            var response = httpContext.Response;
            response.StatusCode = draft.Duplicate ? StatusCodes.Status200OK : StatusCodes.Status201Created;
            response.ContentType = "application/json";
            response.ContentLength = body.WrittenCount;
            return response.BodyWriter.WriteAsync(body.WrittenMemory).AsTask();
        }
    }
}

/// <summary>A message to send.</summary>
/// <param name="Message">The text: at most {Limits:MessageCodePoints} code points and {Limits:MessageBytes} bytes of UTF-8.</param>
/// <param name="ClientMsgId">The sender's own name for the message, 8–64 of <c>A–Z a–z 0–9 _ -</c>: makes the send idempotent.</param>
internal sealed record PublishRequest(
    string Message,
    [property: RegularExpression("^[A-Za-z0-9_-]{8,64}$")] string? ClientMsgId = null);

/// <summary>The message as it is stored.</summary>
internal sealed record StoredMessage : HistoryMessage
{
    /// <summary>Whether it was there before: the same client_msg_id came again.</summary>
    public required bool Duplicate { get; init; }
}
