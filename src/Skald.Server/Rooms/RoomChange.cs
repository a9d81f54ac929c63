using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Identity;

namespace Skald.Server.Rooms;

/// <summary>What a command makes of a room, decided at its place in the log.</summary>
/// <param name="After">The room from then on; as it was where nothing is changed.</param>
/// <param name="Members">Those that are others than before.</param>
/// <param name="Data">What the entry says: a JSON object.</param>
internal sealed record RoomChange(RoomState After, IReadOnlyList<Member> Members, byte[] Data)
{
    public static ChatError LastOwner { get; } = new(
        ErrorCode.LastOwner, "A room has an owner: make another member one first.");

    public static ChatError Conflict { get; } = new(ErrorCode.EditConflict, "The room is another by now: see \"now\", and change that.");

    private static readonly ChatError Higher = new(
        ErrorCode.Forbidden, "Nobody acts on a member of their own role or a higher one, nor gives such a role; owners may.");

    private static readonly ChatError TooMany = new(
        ErrorCode.TooManyMembers, "So many cannot be in one private room (Limits:MembersPerRoom); make it public, or another room.");

    /// <summary>Decides about <c>members</c>.</summary>
    /// <param name="named">The users that the command names.</param>
    /// <param name="seq">The entry's place, if it is stored.</param>
    /// <param name="most">Members of a private room; 0 for any number.</param>
    /// <returns>Null where everything is so already.</returns>
    public static Outcome<RoomChange>? Of(
        RoomState room, MembersCommand command, CurrentUser by, IReadOnlyList<NamedUser> named, long seq, int most)
    {
        if (RoomRules.Check(room, by, command.Op == MembersOp.Leave ? RoomAction.Leave : RoomAction.Members) is { } refusal)
            return refusal;
        var own = room.RoleOf(by.Id) ?? Role.Guest;
        var members = new List<Member>();
        var after = room with { Version = seq };
        foreach (var user in command.Op == MembersOp.Leave ? [new NamedUser(by.Id, by.Username)] : named)
        {
            if (user.Id == 0)
                return NoSuchUser(user.Name);
            // As it is by now: a name may come twice, in another case.
            var before = after.Find(user.Id) is { IsActive: true } active ? active : null;
            if (command.Op == MembersOp.Role && before is null)
                return NotHere(user.Name);
            var member = command.Op switch
            {
                MembersOp.Add => before ?? new Member(
                    user.Id, user.Name, command.Role ?? Role.Member, First(room, command, seq), Until: null),
                MembersOp.Role => before! with { Role = command.Role!.Value },
                _ => before is null ? null : before with { Until = seq },
            };
            if (member is null || member == before)
                continue;
            var isOwn = user.Id == by.Id;
            // An owner may do anything to anybody; others act on those below them, and give roles below their own. Oneself one may lower.
            var reaches = own == Role.Owner
                || ((before is null || before.Role < own || isOwn) && (member.Role < own || (isOwn && member.Role <= own)));
            if (command.Op != MembersOp.Leave && !reaches)
                return Higher;
            members.Add(member);
            after = after.With(member);
        }

        if (members.Count == 0)
            return null;
        if (room.Owners > 0 && after.Owners == 0)
            return LastOwner;
        if (room.IsPrivate && most > 0 && after.ActiveMembers > most && after.ActiveMembers > room.ActiveMembers)
            return TooMany;
        var ended = room.IsPrivate && command.Op is MembersOp.Remove or MembersOp.Leave;
        return new RoomChange(after, members, Json(command, members, ended));
    }

    /// <summary>Decides about <c>room</c>.</summary>
    /// <param name="seq">The entry's place, if it is stored.</param>
    /// <returns>Null where everything is so already.</returns>
    public static Outcome<RoomChange>? Of(RoomState room, RoomCommand command, CurrentUser by, long seq)
    {
        var fields = command.Changes;
        var action = fields is { Visibility: null, History: null, Roles: null } ? RoomAction.EditRoom : RoomAction.SetRoom;
        if (RoomRules.Check(room, by, action) is { } refusal)
            return refusal;
        if (command.IfVersion is { } seen && seen != room.Version)
            return Conflict with { Now = Json(room.WriteFields) };
        if (!With(room, fields).TryGet(out var changed, out var bad))
            return bad;
        if (changed == room)
            return null;
        var after = changed with { Version = seq };
        var ended = after.IsPrivate && !room.IsPrivate;
        return new RoomChange(after, [], Json(json =>
        {
            json.WriteStartObject("now"u8);
            after.WriteFields(json);
            json.WriteEndObject();
            WriteEnded(json, ended);
        }));
    }

    /// <summary>The room with what a client says of it; the same object where that is so already.</summary>
    public static Outcome<RoomState> With(RoomState room, RoomFields fields)
    {
        var roles = room.Settings.Roles;
        if (fields.Roles is { } given)
        {
            var all = new Dictionary<RoomAction, Role>(roles);
            foreach (var (name, role) in given)
            {
                if (!WireName.TryRead(name, out RoomAction action) || !RoomActions.IsSetByRoom(action))
                    return NoSuchAction(name);
                all[action] = role;
            }

            roles = all.Where(one => one.Value != RoomActions.LeastRole(one.Key)).ToFrozenDictionary();
        }

        var history = fields.History ?? room.Settings.History;
        var isSame = history == room.Settings.History && roles.Count == room.Settings.Roles.Count
            && roles.All(one => room.Settings.Roles.TryGetValue(one.Key, out var role) && role == one.Value);
        var data = fields.Data is null ? room.Data : Encoding.UTF8.GetString(fields.Data) is var text && IsEmpty(text) ? null : text;
        var after = room with
        {
            Title = fields.Title ?? room.Title,
            Topic = fields.Topic ?? room.Topic,
            Data = data,
            Visibility = fields.Visibility ?? room.Visibility,
            Settings = isSame ? room.Settings : new(history, roles),
        };
        return after == room ? room : after;
    }

    /// <summary>Whose reading ends with an entry; null where everybody's does: who may read on joins again.</summary>
    /// <param name="data">What the entry says.</param>
    public static IReadOnlyList<long>? EndedBy(EntryKind kind, ReadOnlySpan<byte> data)
    {
        if (kind is not (EntryKind.Member or EntryKind.Room))
            return [];
        var json = new Utf8JsonReader(data);
        using var document = JsonDocument.ParseValue(ref json);
        if (!document.RootElement.TryGetProperty("ended"u8, out _))
            return [];
        return document.RootElement.TryGetProperty("user_ids"u8, out var users)
            ? [.. users.EnumerateArray().Select(id => id.GetInt64())]
            : null;
    }

    private static long First(RoomState room, MembersCommand command, long seq) =>
        room.IsPrivate && (command.History ?? room.Settings.History) == HistoryShown.SinceJoined ? seq : 1;

    private static bool IsEmpty(string json) => json.Replace(" ", "", StringComparison.Ordinal) == "{}";

    private static ChatError NoSuchUser(string name) => new(ErrorCode.UserNotFound, $"There is no user {Username.ForLog(name)}.");

    private static ChatError NotHere(string name) => new(ErrorCode.UserNotFound, $"{name} is not a member of this room; add them first.");

    private static ChatError NoSuchAction(string name)
    {
        var actions = string.Join(", ", RoomActions.All.Where(RoomActions.IsSetByRoom).Select(WireName.Of));
        return new(ErrorCode.BadRequest, $"\"roles\" has an action that no room sets: {name}. There are: {actions}.");
    }

    private static byte[] Json(MembersCommand command, List<Member> members, bool ended) => Json(json =>
    {
        json.WriteString("op"u8, WireName.Of(command.Op));
        json.WriteStartArray("users"u8);
        foreach (var member in members)
            json.WriteStringValue(member.Username);
        json.WriteEndArray();
        json.WriteStartArray("user_ids"u8);
        foreach (var member in members)
            json.WriteNumberValue(member.UserId);
        json.WriteEndArray();
        if (command.Op is MembersOp.Add or MembersOp.Role)
            json.WriteString("role"u8, WireName.Of(members[0].Role));
        WriteEnded(json, ended);
    });

    private static void WriteEnded(Utf8JsonWriter json, bool ended)
    {
        if (ended)
            json.WriteBoolean("ended"u8, true);
    }

    private static byte[] Json(Action<Utf8JsonWriter> writeFields)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(bytes, FrameWriter.Options);
        json.WriteStartObject();
        writeFields(json);
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan.ToArray();
    }
}
