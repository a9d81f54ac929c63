using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;

namespace Skald.Server.Storage;

/// <summary>What users and rooms of a Django project are called here, and what its operator is told of all that is brought.</summary>
internal sealed class DjangoMapping(Action<string> tell)
{
    private const int ProgressEvery = 100_000;
    private const string Deleted = "deleted-user", NoPassword = "!";

    private readonly Dictionary<long, (DjangoUser User, string Name)> _users = [];
    private readonly HashSet<string> _userKeys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _roomNames = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _unverifiable = new(StringComparer.Ordinal);
    private long _stored, _empty, _long;

    /// <summary>Each user, with the name that it has here.</summary>
    public IReadOnlyCollection<(DjangoUser User, string Name)> Users => _users.Values;

    public bool Has(long userId) => _users.ContainsKey(userId);

    /// <summary>Names all users. Each whose name cannot be here gets another.</summary>
    public void AddUsers(IEnumerable<DjangoUser> users)
    {
        // A user whose name is valid keeps it; only then are others renamed.
        var renamed = new List<DjangoUser>();
        foreach (var user in users)
        {
            if (Username.IsValid(user.Username) && _userKeys.Add(Username.Key(user.Username)))
                _users[user.Id] = (user, user.Username);
            else
                renamed.Add(user);
            if (PasswordHash.Parse(user.Password) is null && PasswordHash.NameAlgorithm(user.Password) is { } algorithm)
                _unverifiable[algorithm] = _unverifiable.GetValueOrDefault(algorithm) + 1;
        }

        foreach (var user in renamed)
        {
            if (Username.IsValid(user.Username))
                Rename(
                    user,
                    $"{user.Username[..Math.Min(user.Username.Length, Username.MaxLength - 21)]}-{user.Id}",
                    "it differs from another by case only");
            else
                Rename(user, $"user-{user.Id}", "a name here is 1–150 ASCII letters, digits and @ . + - _");
        }
    }

    /// <summary>Counts a message, and names its room.</summary>
    /// <returns>The room's name here; null for a message without a text, which is left out.</returns>
    public string? Take(DjangoMessage message)
    {
        if (message.Text.Length == 0)
        {
            _empty++;
            return null;
        }

        if (message.Text.Length > ProtocolLimits.Default.MessageCodePoints)
            _long++;
        _stored++;
        if (_stored % ProgressEvery == 0)
            tell($"{_stored:N0} messages …");
        if (_roomNames.TryGetValue(message.Room, out var name))
            return name;
        name = message.Room;
        if (!RoomName.IsValid(name))
        {
            name = string.Concat(name.Select(c => RoomName.IsValid([c]) ? c : '-'));
            name = name.Length is 0 or > RoomName.MaxLength ? $"room-{_roomNames.Count + 1}" : name;
        }

        for (var n = 2; _roomNames.ContainsValue(name); n++)
            name = $"{name[..Math.Min(name.Length, RoomName.MaxLength - 7)]}-{n}";
        if (name != message.Room)
            tell($"Room {message.Room}: is {name} here, because a name is 1–{RoomName.MaxLength} letters, digits, hyphens or underscores, and no other's.");
        return _roomNames[message.Room] = name;
    }

    /// <summary>Makes a user for the messages of those who are no more: once, where there is such a message.</summary>
    public DjangoUser MakeDeletedUser(Timestamp now)
    {
        var name = Deleted;
        while (!_userKeys.Add(name))
            name += "-";
        tell($"Messages of users who were deleted are {name}'s here, who cannot log in.");
        return new DjangoUser(_users.Count == 0 ? 1 : _users.Keys.Max() + 1, name, "", NoPassword, IsActive: false, now);
    }

    /// <param name="table">Where the messages were.</param>
    /// <param name="are">"are", or "would be".</param>
    public void Report(string table, string are)
    {
        foreach (var (algorithm, count) in _unverifiable)
            tell($"{count:N0} users have a password hash of {algorithm}, which is not verified here: they log in once they have another, by skald users reset.");
        var disabled = _users.Values.Count(one => !one.User.IsActive);
        if (disabled > 0)
            tell($"{disabled:N0} users were inactive: they are disabled here.");
        if (_empty > 0)
            tell($"{_empty:N0} messages have no text: they are left out.");
        if (_long > 0)
            tell($"{_long:N0} messages are longer than a client may send here: they are kept whole.");
        tell($"{_users.Count:N0} users and {_stored:N0} messages in {_roomNames.Count:N0} rooms, of the table {table}, {are} brought over.");
    }

    private void Rename(DjangoUser user, string name, string why)
    {
        while (!_userKeys.Add(Username.Key(name)))
            name += "-";
        _users[user.Id] = (user, name);
        tell($"User {user.Id}, {user.Username}: is {name} here, because {why}.");
    }
}
