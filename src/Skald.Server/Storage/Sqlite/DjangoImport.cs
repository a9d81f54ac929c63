using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Accounts.Passwords;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Sqlite;

/// <summary>
/// Brings the users and messages of a Django project into a data directory that has none: ids, password hashes, order and times
/// stay. Names that cannot be here get others, and each of these is reported; nothing is left out but messages without a text.
/// </summary>
internal sealed class DjangoImport(DjangoDatabase source, Action<string> tell)
{
    private const int ProgressEvery = 100_000;
    private const string DeletedUser = "deleted-user", NoPassword = "!";

    private readonly Dictionary<long, (DjangoUser User, string Name)> _users = [];
    private readonly HashSet<string> _userKeys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _roomNames = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _unverifiable = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Id, long LastSeq)> _rooms = new(StringComparer.Ordinal);
    private long _stored, _empty, _long;
    private long? _deletedUser;

    /// <summary>Says what would be brought, and under which names.</summary>
    public void Plan()
    {
        NameUsers();
        foreach (var message in source.ReadMessages())
            Take(message);
        Report("would be");
    }

    /// <summary>Brings everything in one transaction.</summary>
    /// <param name="directory">Where no server runs, and no user and no message is.</param>
    /// <param name="now">When users count as disabled that were inactive.</param>
    public void Run(string directory, Timestamp now)
    {
        var file = SqliteFile.Prepare(directory);
        using var alone = SqliteFile.Lock(directory);
        var isNew = !File.Exists(file);
        try
        {
            Bring(file, now);
        }
        catch
        {
            if (isNew)
                SqliteFile.Delete(file);
            throw;
        }

        Report("are");
    }

    private void Bring(string file, Timestamp now)
    {
        using var index = new WalIndex(file);
        using var target = SqliteFile.OpenWriter(file, index);
        SqliteFile.EmptyWalAtClose(target);
        using (var select = target.CreateCommand())
        {
            select.CommandText = "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM messages)";
            if ((long)select.ExecuteScalar()! > 0)
                throw new CommandRefusedException($"{file} has users or messages already. Choose a directory without any with --data DIR.");
        }

        NameUsers();
        using var transaction = target.BeginTransaction();
        try
        {
            foreach (var (user, name) in _users.Values)
                Insert(target, user, name, now);
            StoreMessages(target, now);
            transaction.Commit();
        }
        catch (SqliteException e) when (SqliteErrors.IsFull(e, target))
        {
            throw new CommandRefusedException($"{FullDisk.Sentence(Path.GetDirectoryName(file)!)} Nothing was brought.", e);
        }
    }

    private void NameUsers()
    {
        // A user whose name is valid keeps it; only then are others renamed.
        var renamed = new List<DjangoUser>();
        foreach (var user in source.ReadUsers())
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

    private void Rename(DjangoUser user, string name, string why)
    {
        while (!_userKeys.Add(Username.Key(name)))
            name += "-";
        _users[user.Id] = (user, name);
        tell($"User {user.Id}, {user.Username}: is {name} here, because {why}.");
    }

    /// <returns>The room's name here; null for a message without a text.</returns>
    private string? Take(DjangoMessage message)
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

    private void StoreMessages(SqliteConnection target, Timestamp now)
    {
        using var insert = target.CreateCommand();
        insert.CommandText = "INSERT INTO messages (room_id, seq, user_id, body, created_at) VALUES ($room, $seq, $user, $body, $at)";
        foreach (var parameter in new[] { "$room", "$seq", "$user", "$body", "$at" })
            insert.Parameters.Add(new SqliteParameter(parameter, value: 0L));
        foreach (var message in source.ReadMessages())
        {
            if (Take(message) is not { } name)
                continue;
            if (!_rooms.TryGetValue(name, out var room))
                room = (InsertRoom(target, name, message.At), 0);
            room.LastSeq++;
            _rooms[name] = room;
            insert.Parameters["$room"].Value = room.Id;
            insert.Parameters["$seq"].Value = room.LastSeq;
            insert.Parameters["$user"].Value = message.AuthorId is { } id && _users.ContainsKey(id) ? id
                : _deletedUser ??= InsertDeletedUser(target, now);
            insert.Parameters["$body"].Value = message.Text.Replace('\0', '\uFFFD');
            insert.Parameters["$at"].Value = message.At.Microseconds;
            insert.ExecuteNonQuery();
        }

        using var move = target.CreateCommand();
        move.CommandText = "UPDATE rooms SET last_seq = coalesce((SELECT max(seq) FROM messages WHERE room_id = rooms.id), 0)";
        move.ExecuteNonQuery();
        move.CommandText = """
            INSERT INTO runs (position, room_id, first_seq)
            SELECT 1 + coalesce(sum(last_seq) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0), id, 1
            FROM rooms WHERE last_seq > 0
            """;
        move.ExecuteNonQuery();
    }

    private long InsertDeletedUser(SqliteConnection target, Timestamp now)
    {
        var name = DeletedUser;
        while (!_userKeys.Add(name))
            name += "-";
        var id = _users.Count == 0 ? 1 : _users.Keys.Max() + 1;
        Insert(target, new DjangoUser(id, name, "", NoPassword, IsActive: false, now), name, now);
        tell($"Messages of users who were deleted are {name}'s here, who cannot log in.");
        return id;
    }

    private static void Insert(SqliteConnection target, DjangoUser user, string name, Timestamp now)
    {
        using var insert = target.CreateCommand();
        insert.CommandText = """
            INSERT INTO users (id, username, username_key, email, password_hash, created_at, disabled_at)
            VALUES ($id, $name, $key, $email, $hash, $created, $disabled)
            """;
        insert.Parameters.AddWithValue("$id", user.Id);
        insert.Parameters.AddWithValue("$name", name);
        insert.Parameters.AddWithValue("$key", Username.Key(name));
        insert.Parameters.AddWithValue("$email", user.Email);
        insert.Parameters.AddWithValue("$hash", user.Password);
        insert.Parameters.AddWithValue("$created", user.JoinedAt.Microseconds);
        insert.Parameters.AddWithValue("$disabled", user.IsActive ? DBNull.Value : now.Microseconds);
        insert.ExecuteNonQuery();
    }

    private static long InsertRoom(SqliteConnection target, string name, Timestamp at)
    {
        using var insert = target.CreateCommand();
        insert.CommandText =
            "INSERT INTO rooms (name, created_at) VALUES ($name, $at) ON CONFLICT (name) DO UPDATE SET name = name RETURNING id";
        insert.Parameters.AddWithValue("$name", name);
        insert.Parameters.AddWithValue("$at", at.Microseconds);
        return (long)insert.ExecuteScalar()!;
    }

    private void Report(string are)
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
        tell($"{_users.Count:N0} users and {_stored:N0} messages in {_roomNames.Count:N0} rooms, of the table {source.Table}, {are} brought over.");
    }
}
