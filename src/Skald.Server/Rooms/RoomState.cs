using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Skald.Protocol;

namespace Skald.Server.Rooms;

/// <summary>What a room is besides its log, as of one of its entries: never changed, but followed by another.</summary>
internal sealed record RoomState
{
    /// <summary>A room that somebody came to first: public, and nobody's.</summary>
    public static RoomState Common { get; } = new();

    /// <summary>The last entry that changed it; 0 where none has.</summary>
    public long Version { get; init; }

    public Visibility Visibility { get; init; }

    /// <summary>Empty for none, as the topic.</summary>
    public string Title { get; init; } = "";

    public string Topic { get; init; } = "";

    /// <summary>The application's: a JSON object; null for none.</summary>
    public string? Data { get; init; }

    public RoomSettings Settings { get; init; } = RoomSettings.Default;

    /// <summary>Who is in it, and who was, by user. A public room has those alone who were added.</summary>
    public ImmutableDictionary<long, Member> Members { get; init; } = ImmutableDictionary<long, Member>.Empty;

    public int ActiveMembers { get; init; }

    public int Owners { get; init; }

    public bool IsPrivate => Visibility == Visibility.Private;

    /// <returns>Also where it has ended; null for who never was one.</returns>
    public Member? Find(long userId) => Members.GetValueOrDefault(userId);

    /// <summary>What a user is here: in a public room everybody is a member at least. Null for who is nothing.</summary>
    public Role? RoleOf(long userId) => Find(userId) is { IsActive: true } member ? member.Role : IsPrivate ? null : Role.Member;

    /// <summary>The first entry that a user may read, whatever is kept.</summary>
    public long FirstOf(long userId) => IsPrivate && Find(userId) is { } member ? member.From : 1;

    public Role LeastRole(RoomAction action) =>
        Settings.Roles.TryGetValue(action, out var own) ? own : RoomActions.LeastRole(action);

    public RoomState With(Member member)
    {
        var before = Find(member.UserId);
        return this with
        {
            Members = Members.SetItem(member.UserId, member),
            ActiveMembers = ActiveMembers + (member.IsActive ? 1 : 0) - (before is { IsActive: true } ? 1 : 0),
            Owners = Owners + Count(member) - Count(before),
        };

        static int Count(Member? one) => one is { IsActive: true, Role: Role.Owner } ? 1 : 0;
    }

    /// <param name="members">Each user once.</param>
    public RoomState With(IEnumerable<Member> members)
    {
        var all = members.ToImmutableDictionary(member => member.UserId);
        return this with
        {
            Members = all,
            ActiveMembers = all.Values.Count(member => member.IsActive),
            Owners = all.Values.Count(member => member is { IsActive: true, Role: Role.Owner }),
        };
    }

    /// <summary>Writes what everybody in it may know: the fields of a JSON object.</summary>
    public void WriteFields(Utf8JsonWriter json)
    {
        json.WriteString("visibility"u8, WireName.Of(Visibility));
        json.WriteString("title"u8, Title);
        json.WriteString("topic"u8, Topic);
        if (Data is not null)
        {
            json.WritePropertyName("data"u8);
            json.WriteRawValue(Data, skipInputValidation: true);
        }

        json.WriteString("history"u8, WireName.Of(Settings.History));
        json.WriteStartObject("roles"u8);
        foreach (var action in RoomActions.All.Where(RoomActions.IsSetByRoom))
            json.WriteString(WireName.Of(action), WireName.Of(LeastRole(action)));
        json.WriteEndObject();
        json.WriteNumber("version"u8, Version);
    }
}

/// <summary>What a room sets for itself.</summary>
/// <param name="History">What members are shown that are added from now on.</param>
/// <param name="Roles">The least role, where it is another than <see cref="RoomActions.LeastRole"/>.</param>
internal sealed record RoomSettings(HistoryShown History, FrozenDictionary<RoomAction, Role> Roles)
{
    public static RoomSettings Default { get; } = new(HistoryShown.All, FrozenDictionary<RoomAction, Role>.Empty);

    /// <summary>As they are kept: JSON; null for the default.</summary>
    public string? ToJson()
    {
        if (History == HistoryShown.All && Roles.Count == 0)
            return null;
        return JsonSerializer.Serialize(new Kept(
            WireName.Of(History), Roles.ToDictionary(one => WireName.Of(one.Key), one => WireName.Of(one.Value))));
    }

    /// <summary>What an older server does not know is passed over.</summary>
    public static RoomSettings Read(string? json)
    {
        if (json is null || JsonSerializer.Deserialize<Kept>(json) is not { } kept)
            return Default;
        WireName.TryRead(kept.history, out HistoryShown history);
        var roles = new Dictionary<RoomAction, Role>();
        foreach (var (name, least) in kept.roles)
        {
            if (WireName.TryRead(name, out RoomAction action) && WireName.TryRead(least, out Role role))
                roles[action] = role;
        }

        return new(history, roles.ToFrozenDictionary());
    }

#pragma warning disable IDE1006, SA1300 // The names in the file.
    private sealed record Kept(string history, Dictionary<string, string> roles);
#pragma warning restore IDE1006, SA1300
}
