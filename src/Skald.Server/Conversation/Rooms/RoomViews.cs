using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.Conversation.Rooms;

/// <summary>A room, to somebody who may know of it.</summary>
internal sealed record RoomView
{
    /// <summary>Its name, which is its address for ever.</summary>
    public required string Room { get; init; }

    /// <summary>Who may read it.</summary>
    [AllowedValues("public", "private")]
    public required string Visibility { get; init; }

    /// <summary>What people see; empty for none.</summary>
    public required string Title { get; init; }

    /// <summary>What it is about; empty for none.</summary>
    public required string Topic { get; init; }

    /// <summary>The application's own object, where it has one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Data { get; init; }

    /// <summary>What members are shown that are added from now on.</summary>
    [AllowedValues("all", "since_joined")]
    public required string History { get; init; }

    /// <summary>The least role for each action.</summary>
    public required IReadOnlyDictionary<string, string> Roles { get; init; }

    /// <summary>The seq of the entry that changed any of this, or the room's members, last; 0 where none has.</summary>
    [Range(0, LargestExact)]
    public required long Version { get; init; }

    /// <summary>The room's newest entry when this was read.</summary>
    [Range(0, LargestExact)]
    public required long Seq { get; init; }

    /// <summary>What one is there; left out in the list of public rooms.</summary>
    [AllowedValues("guest", "member", "moderator", "owner")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    /// <summary>How many were added to it and are in it; left out in lists.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Members { get; init; }

    /// <summary>2⁵³ - 1: the largest integer that a JSON reader keeps exact which takes numbers for doubles.</summary>
    private const double LargestExact = 9_007_199_254_740_991;

    /// <param name="role">What who asks is there; null where that is not said.</param>
    public static RoomView Of(Room room, RoomState state, Role? role) => new()
    {
        Room = room.Name,
        Visibility = WireName.Of(state.Visibility),
        Title = state.Title,
        Topic = state.Topic,
        Data = state.Data is null ? null : JsonElement.Parse(state.Data),
        History = WireName.Of(state.Settings.History),
        Roles = RoomActions.All.Where(RoomActions.IsSetByRoom)
            .ToDictionary(WireName.Of, action => WireName.Of(state.LeastRole(action)), StringComparer.Ordinal),
        Version = state.Version,
        Seq = room.LastSeq,
        Role = role is { } own ? WireName.Of(own) : null,
    };
}

/// <summary>A member of a room.</summary>
/// <param name="UserId">The user's id.</param>
/// <param name="Username">The user's name.</param>
/// <param name="Role">guest, member, moderator or owner.</param>
internal sealed record MemberView(
    long UserId, string Username, [property: AllowedValues("guest", "member", "moderator", "owner")] string Role);

/// <summary>Why a user may do something in a room, or may not.</summary>
/// <param name="Allowed">Whether every rule holds.</param>
/// <param name="Action">What was asked about.</param>
/// <param name="Rules">The rules in the order in which they are asked; none is asked behind the first that does not hold.</param>
/// <param name="Code">The code of the refusal that the command would get.</param>
/// <param name="Detail">Its sentence.</param>
internal sealed record ExplainedView(
    bool Allowed,
    string Action,
    IReadOnlyList<RuleView> Rules,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Code = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail = null);

/// <summary>One rule, and whether it holds.</summary>
/// <param name="Rule">visible, member or role.</param>
/// <param name="Ok">Whether it holds.</param>
/// <param name="Has">For role: what the user is in the room.</param>
/// <param name="Needs">For role: what one must be.</param>
internal sealed record RuleView(
    string Rule,
    bool Ok,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Has = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Needs = null);

/// <summary>The entry that a change of a room, or of its members, is stored as.</summary>
internal sealed record StoredRoomChange
{
    /// <summary>The room.</summary>
    public required string Room { get; init; }

    /// <summary>The entry's place in the room's log; where nothing changed, that of the last entry that did.</summary>
    [Range(0, 9_007_199_254_740_991d)]
    public required long Seq { get; init; }

    /// <summary>When it was stored: UTC, microseconds.</summary>
    public required DateTime Timestamp { get; init; }

    /// <summary>Whether it was there before: the same client_msg_id came again.</summary>
    public required bool Duplicate { get; init; }

    /// <summary>There and true where everything was so already.</summary>
    public bool? Unchanged { get; init; }
}

/// <summary>A room to make.</summary>
/// <param name="Name">Of a public room, 1–100 letters, digits, hyphens or underscores; a private one gets one.</param>
/// <param name="Visibility">public or private; private where there is no name.</param>
/// <param name="Title">What people see, at most 100 code points.</param>
/// <param name="Topic">What it is about, at most 500 code points.</param>
/// <param name="Data">An object of the application's own, at most 2 KiB.</param>
/// <param name="History">What members are shown: all, or since_joined.</param>
/// <param name="Roles">The least role for each action, where it is to be another.</param>
/// <param name="Members">Usernames of those that are in it from the start, at most 100.</param>
/// <param name="ClientMsgId">The maker's own name for this, 8–64 of <c>A–Z a–z 0–9 _ -</c>: repeated, it finds the room.</param>
internal sealed record NewRoomRequest(
    string? Name = null,
    [property: AllowedValues("public", "private")] string? Visibility = null,
    string? Title = null,
    string? Topic = null,
    JsonElement? Data = null,
    [property: AllowedValues("all", "since_joined")] string? History = null,
    IReadOnlyDictionary<string, string>? Roles = null,
    IReadOnlyList<string>? Members = null,
    [property: RegularExpression("^[A-Za-z0-9_-]{8,64}$")] string? ClientMsgId = null);

/// <summary>What is to be another of a room; what is left out stays.</summary>
/// <param name="Visibility">public or private; by its owner.</param>
/// <param name="Title">What people see, at most 100 code points.</param>
/// <param name="Topic">What it is about, at most 500 code points.</param>
/// <param name="Data">An object of the application's own, at most 2 KiB; an empty one for none.</param>
/// <param name="History">What members are shown that are added from now on; by its owner.</param>
/// <param name="Roles">The least role for each action; by its owner.</param>
/// <param name="IfVersion">The version that was seen: a room that is another by now is left as it is.</param>
/// <param name="ClientMsgId">The own name for the change, 8–64 of <c>A–Z a–z 0–9 _ -</c>: makes it idempotent.</param>
internal sealed record RoomChangeRequest(
    [property: AllowedValues("public", "private")] string? Visibility = null,
    string? Title = null,
    string? Topic = null,
    JsonElement? Data = null,
    [property: AllowedValues("all", "since_joined")] string? History = null,
    IReadOnlyDictionary<string, string>? Roles = null,
    long? IfVersion = null,
    [property: RegularExpression("^[A-Za-z0-9_-]{8,64}$")] string? ClientMsgId = null);

/// <summary>Who is to be in a room, or no more.</summary>
/// <param name="Op">add, remove, leave or role.</param>
/// <param name="Users">Usernames, at most 100; none for leave.</param>
/// <param name="Role">For add and role: guest, member, moderator or owner.</param>
/// <param name="History">For add: another than the room's.</param>
/// <param name="ClientMsgId">The own name for the change, 8–64 of <c>A–Z a–z 0–9 _ -</c>: makes it idempotent.</param>
internal sealed record MembersRequest(
    [property: AllowedValues("add", "remove", "leave", "role")] string Op,
    IReadOnlyList<string>? Users = null,
    [property: AllowedValues("guest", "member", "moderator", "owner")] string? Role = null,
    [property: AllowedValues("all", "since_joined")] string? History = null,
    [property: RegularExpression("^[A-Za-z0-9_-]{8,64}$")] string? ClientMsgId = null);
