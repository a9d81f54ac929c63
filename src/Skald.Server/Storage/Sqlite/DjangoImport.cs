using Microsoft.Data.Sqlite;
using Skald.Protocol;
using Skald.Server.Accounts;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Sqlite;

/// <summary>
/// Brings the users and messages of a Django project into a data directory that has none: ids, password hashes, order and times
/// stay. Names that cannot be here get others (<see cref="DjangoMapping"/>); nothing is left out but messages without a text.
/// </summary>
internal sealed class DjangoImport(DjangoDatabase source, Action<string> tell)
{
    private readonly DjangoMapping _mapping = new(tell);
    private readonly Dictionary<string, (long Id, long LastSeq)> _rooms = new(StringComparer.Ordinal);
    private long? _deletedUser;

    /// <summary>Says what would be brought, and under which names.</summary>
    public void Plan()
    {
        _mapping.AddUsers(source.ReadUsers());
        foreach (var message in source.ReadMessages())
            _mapping.Take(message);
        _mapping.Report(source.Table, "would be");
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

        _mapping.Report(source.Table, "are");
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

        _mapping.AddUsers(source.ReadUsers());
        using var transaction = target.BeginTransaction();
        try
        {
            foreach (var (user, name) in _mapping.Users)
                Insert(target, user, name, now);
            StoreMessages(target, now);
            transaction.Commit();
        }
        catch (SqliteException e) when (SqliteErrors.IsFull(e, target))
        {
            throw new CommandRefusedException($"{FullDisk.Sentence(Path.GetDirectoryName(file)!)} Nothing was brought.", e);
        }
    }

    private void StoreMessages(SqliteConnection target, Timestamp now)
    {
        using var insert = target.CreateCommand();
        insert.CommandText = "INSERT INTO messages (room_id, seq, user_id, body, created_at) VALUES ($room, $seq, $user, $body, $at)";
        foreach (var parameter in new[] { "$room", "$seq", "$user", "$body", "$at" })
            insert.Parameters.Add(new SqliteParameter(parameter, value: 0L));
        foreach (var message in source.ReadMessages())
        {
            if (_mapping.Take(message) is not { } name)
                continue;
            if (!_rooms.TryGetValue(name, out var room))
                room = (InsertRoom(target, name, message.At), 0);
            room.LastSeq++;
            _rooms[name] = room;
            insert.Parameters["$room"].Value = room.Id;
            insert.Parameters["$seq"].Value = room.LastSeq;
            insert.Parameters["$user"].Value = message.AuthorId is { } id && _mapping.Has(id) ? id
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
        var user = _mapping.MakeDeletedUser(now);
        Insert(target, user, user.Username, now);
        return user.Id;
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
}
