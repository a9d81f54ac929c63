using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.Extensions.Primitives;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Http;
using Skald.Server.Identity;
using Skald.Server.Rooms;

namespace Skald.Server.Conversation.Messages;

/// <summary><c>GET /api/chat/history/{room}/</c>: a page of a room's log, oldest first.</summary>
internal static class HistoryEndpoints
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1_000;

    private static readonly ChatError BadLimit = new(ErrorCode.BadRequest, $"limit must be an integer from 1 to {MaxLimit}.");
    private static readonly ChatError BadBefore = new(ErrorCode.BadRequest, "before must be a seq: an integer from 1.");
    private static readonly ChatError BadAfter = new(ErrorCode.BadRequest, "after must be a seq: an integer from 0.");

    public static void MapHistory(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/api/chat/history/{room}", ReadAsync)
            .Describes("Messages", "readHistory", "Read a room's history")
            .WithDescription(
                "The newest messages, oldest first; with before or after, those next to that seq. The Link header (RFC 8288) leads to the " +
                "earlier page (rel=\"prev\") and, when after was given, to the later one (rel=\"next\"). " +
                "A page ends at some 256 KiB, so it may hold fewer than limit while there is more. A message is as it is now: edited ones with their last text, deleted ones left out.")
            .TakesRoom()
            .TakesNumber("limit", 1, MaxLimit, "How many messages at most.", absent: DefaultLimit)
            .TakesNumber("before", 1, long.MaxValue, "Only messages before this seq.")
            .TakesNumber("after", 0, long.MaxValue, "Only messages after this seq.")
            .Produces<HistoryMessage[]>()
            .WithMetadata(new ApiHeader(StatusCodes.Status200OK, "Skald-Seq", Microsoft.OpenApi.JsonSchemaType.Integer,
                "The room's newest seq when the page was read: join with since=this, and nothing is missed between the page and what follows."))
            .WithMetadata(new ApiHeader(
                StatusCodes.Status200OK, "Skald-Epoch", Microsoft.OpenApi.JsonSchemaType.String, "The log that Skald-Seq belongs to."))
            .WithMetadata(new ApiHeader(StatusCodes.Status200OK, "Link", Microsoft.OpenApi.JsonSchemaType.String,
                "RFC 8288, each target relative to this address: <?limit=100&before=41>; rel=\"prev\". Not there where there is no other page."))
            .Gives(StatusCodes.Status200OK, """[{"type":"chat_message","room":"global","seq":42,"username":"ann","message":"Hello world","timestamp":"2026-02-21T16:46:02.123456Z","version":42}]""")
            .Refuses(BadLimit, RoomName.Refused with { Room = "no.where" }, HistoryRequests.TooMany)
            .ForUsers();

    /// <param name="room">The room's name.</param>
    /// <param name="limit">How many messages at most, 1–1000; 100 where it is not given.</param>
    /// <param name="before">Messages before this seq.</param>
    /// <param name="after">Messages after this seq.</param>
    /// <param name="requests">All that are under way.</param>
    private static async Task<IResult> ReadAsync(
        string room, string? limit, string? before, string? after, CurrentUser user, HttpContext context, RoomAccess access,
        RoomDirectory rooms, RoomLog log, HistoryRequests requests)
    {
        if (!TryRead(limit, DefaultLimit, 1, MaxLimit, out var count))
            return BadLimit.ToProblem();
        if (!TryRead(before, long.MaxValue, 1, long.MaxValue, out var end))
            return BadBefore.ToProblem();
        if (!TryRead(after, -1, 0, long.MaxValue, out var start))
            return BadAfter.ToProblem();
        if (!(await access.EnterAsync(user, room, RoomAction.ReadHistory)).TryGet(out var found, out var refusal))
        {
            // A room that is only not used yet has a history: an empty one.
            if (refusal.Code != ErrorCode.RoomNotFound || !rooms.AutoCreate || !RoomName.IsValid(room))
                return refusal.ToProblem();
            Name(context, position: 0, log.Epoch);
            return Results.Json(Array.Empty<HistoryMessage>());
        }

        if (requests.TryEnter(user.Id) is { } tooMany)
            return tooMany.ToProblem();
        var page = HistoryPage.Pool.Get();
        try
        {
            // The position first and the rows after it: a row may be newer than the position, and then says so by its version.
            var position = found.LastSeq;
            Name(context, position, log.Epoch);
            var onwards = start >= 0;
            var newest = Math.Min(position, end - 1);
            var oldest = onwards ? Math.Min(start, newest) + 1 : found.FirstSeq;   // beyond the newest there is nothing, however far
            await page.ReadAsync(log, found, oldest, newest, (int)count, newestFirst: !onwards);
            if (page.Last > 0)
                Link(
                    context,
                    count,
                    (onwards ? page.First > found.FirstSeq : page.More) ? page.First : null,
                    onwards && page.More ? page.Last : null);
            await page.WriteAsync(context.Response);
            return Results.Empty;
        }
        finally
        {
            HistoryPage.Pool.Return(page);
            requests.Leave(user.Id);
        }
    }

    private static void Name(HttpContext context, long position, string epoch)
    {
        context.Response.Headers["Skald-Seq"] = position.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["Skald-Epoch"] = epoch;
    }

    private static void Link(HttpContext context, long limit, long? earlier, long? later)
    {
        var address = string.Create(CultureInfo.InvariantCulture, $"<?limit={limit}");
        string? previous = null, next = null;
        if (earlier is { } before)
            previous = string.Create(CultureInfo.InvariantCulture, $"{address}&before={before}>; rel=\"prev\"");
        if (later is { } after)
            next = string.Create(CultureInfo.InvariantCulture, $"{address}&after={after}>; rel=\"next\"");
        context.Response.Headers.Link = StringValues.Concat(new StringValues(previous), new StringValues(next));
    }

    private static bool TryRead(string? text, long absent, long least, long most, out long value)
    {
        value = absent;
        return text is null
            || (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most);
    }
}

/// <summary>A message, one entry of a room's log, for the OpenAPI document: what is sent is written by <see cref="ChatMessage"/>.</summary>
internal record HistoryMessage
{
    /// <summary>2⁵³ - 1: the largest integer that a JSON reader keeps exact which takes numbers for doubles.</summary>
    public const double LargestExact = 9_007_199_254_740_991;

    /// <summary>What kind of entry it is.</summary>
    [AllowedValues("chat_message")]
    public required string Type { get; init; }

    /// <summary>The room it was sent to.</summary>
    public required string Room { get; init; }

    /// <summary>Its place in the room's log: 1, 2, 3 … without holes.</summary>
    [Range(1, LargestExact)]
    public required long Seq { get; init; }

    /// <summary>Who sent it.</summary>
    public required string Username { get; init; }

    /// <summary>The text; never render it as markup.</summary>
    public required string Message { get; init; }

    /// <summary>When it was stored: UTC, microseconds.</summary>
    public required DateTime Timestamp { get; init; }

    /// <summary>The sender's own name for it, where it was given one.</summary>
    public string? ClientMsgId { get; init; }

    /// <summary>The seq of the last entry that changed it; its own while none has.</summary>
    [Range(1, LargestExact)]
    public required long Version { get; init; }

    /// <summary>The seq of the entry that gave it this text, where it was edited.</summary>
    [Range(1, LargestExact)]
    public long? TextVersion { get; init; }

    /// <summary>When it was edited: UTC, microseconds.</summary>
    public DateTime? EditedAt { get; init; }
}
