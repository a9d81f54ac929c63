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
internal sealed class HistoryEndpoints(RoomAccess access, RoomDirectory rooms, RoomLog log, HistoryRequests requests)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1_000;

    private static readonly ChatError BadLimit = new(ErrorCode.BadRequest, $"limit must be an integer from 1 to {MaxLimit}.");
    private static readonly ChatError BadBefore = new(ErrorCode.BadRequest, "before must be a seq: an integer from 1.");
    private static readonly ChatError BadAfter = new(ErrorCode.BadRequest, "after must be a seq: an integer from 0.");

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var history = endpoints.MadeOnce<HistoryEndpoints>();
        endpoints.MapGet(
                "/api/chat/history/{room}",
                (string room, string? limit, string? before, string? after, CurrentUser user, HttpContext context) =>
                    history.Value.ReadAsync(room, limit, before, after, user, context))
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
    }

    /// <param name="room">The room's name.</param>
    /// <param name="limit">How many messages at most, 1–1000; 100 where it is not given.</param>
    /// <param name="before">Messages before this seq.</param>
    /// <param name="after">Messages after this seq.</param>
    private async Task ReadAsync(string room, string? limit, string? before, string? after, CurrentUser user, HttpContext context)
    {
        if (TryRead(limit, before, after, out var asked) is { } bad)
        {
            await Problems.WriteAsync(context, bad);
        }
        else if (!(await access.EnterAsync(user, room, RoomAction.Read)).TryGet(out var found, out var refusal))
        {
            // A room that is only not used yet has a history: an empty one.
            if (refusal.Code == ErrorCode.RoomNotFound && rooms.AutoCreate && RoomName.IsFree(room))
                await WriteNothingAsync(context);
            else
                await Problems.WriteAsync(context, refusal);
        }
        else if (requests.TryEnter(user.Id) is { } tooMany)
        {
            await Problems.WriteAsync(context, tooMany);
        }
        else
        {
            try
            {
                await WritePageAsync(context, found, user, asked);
            }
            finally
            {
                requests.Leave(user.Id);
            }
        }
    }

    private Task WriteNothingAsync(HttpContext context)
    {
        Name(context, position: 0);
        return context.Response.WriteAsJsonAsync(Array.Empty<HistoryMessage>(), ApiJson.Options);
    }

    private async Task WritePageAsync(HttpContext context, EnteredRoom entered, CurrentUser user, Asked asked)
    {
        var page = HistoryPage.Pool.Get();
        try
        {
            var room = entered.Room;
            if (asked.Before > room.LastSeq || asked.After >= room.LastSeq)
                await log.CatchUpAsync();   // the newest message may be another node's
            // The position first and the rows after it: a row may be newer than the position, and then says so by its version.
            var position = room.LastSeq;
            // Whoever was removed up to there is not shown it.
            if (room.Version > entered.State.Version
                && !(await access.EnterAsync(user, room.Name, RoomAction.Read)).TryGet(out entered, out var refusal))
            {
                await Problems.WriteAsync(context, refusal);
                return;
            }

            var first = entered.FirstSeq(user);
            Name(context, position);
            var onwards = asked.After >= 0;
            var newest = Math.Min(position, asked.Before - 1);
            // Beyond the newest there is nothing, however far.
            var oldest = onwards ? Math.Max(Math.Min(asked.After, newest) + 1, first) : first;
            await page.ReadAsync(log, room, oldest, newest, asked.Limit, newestFirst: !onwards);
            if (page.Last > 0)
                Link(
                    context,
                    asked.Limit,
                    (onwards ? page.First > first : page.More) ? page.First : null,
                    onwards && page.More ? page.Last : null);
            await page.WriteAsync(context.Response);
        }
        finally
        {
            HistoryPage.Pool.Return(page);
        }
    }

    private void Name(HttpContext context, long position)
    {
        context.Response.Headers["Skald-Seq"] = position.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["Skald-Epoch"] = log.Epoch;
    }

    private static void Link(HttpContext context, int limit, long? earlier, long? later)
    {
        var address = string.Create(CultureInfo.InvariantCulture, $"<?limit={limit}");
        string? previous = null, next = null;
        if (earlier is { } before)
            previous = string.Create(CultureInfo.InvariantCulture, $"{address}&before={before}>; rel=\"prev\"");
        if (later is { } after)
            next = string.Create(CultureInfo.InvariantCulture, $"{address}&after={after}>; rel=\"next\"");
        context.Response.Headers.Link = StringValues.Concat(new StringValues(previous), new StringValues(next));
    }

    /// <returns>Why it cannot be read, or null.</returns>
    private static ChatError? TryRead(string? limit, string? before, string? after, out Asked asked)
    {
        asked = default;
        if (!TryRead(limit, DefaultLimit, 1, MaxLimit, out var most))
            return BadLimit;
        if (!TryRead(before, long.MaxValue, 1, long.MaxValue, out var end))
            return BadBefore;
        if (!TryRead(after, -1, 0, long.MaxValue, out var start))
            return BadAfter;
        asked = new((int)most, end, start);
        return null;
    }

    private static bool TryRead(string? text, long absent, long least, long most, out long value)
    {
        value = absent;
        return text is null
            || (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most);
    }

    /// <param name="Before">A <c>seq</c>; <see cref="long.MaxValue"/> where none was given.</param>
    /// <param name="After">A <c>seq</c>; -1 where none was given.</param>
    private readonly record struct Asked(int Limit, long Before, long After);
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
