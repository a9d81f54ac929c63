using System.Data.Common;
using Skald.Protocol;
using Skald.Server.Database;

namespace Skald.Server.Rooms;

/// <summary>Where rooms are kept.</summary>
/// <remarks><c>RoomStoreContract</c> tests this on every engine.</remarks>
internal sealed class RoomStore(IDatabase database, TimeProvider clock)
{
    private const string RoomColumns = "r.id, r.name, r.first_seq, r.last_seq, r.version";
    private const string StateColumns = "r.visibility, r.title, r.topic, r.data, r.settings, r.version";
    private const int StateColumnCount = 6;

    private const string Members =
        """
        SELECT m.user_id, u.username, m.role, m.from_seq, m.until_seq FROM members m JOIN users u ON u.id = m.user_id
        WHERE m.room_id = @room
        """;


    /// <returns>The room as it is on disk, with its state, or null.</returns>
    public Task<Room?> FindAsync(string name) => database.ReadAsync(connection => FindAsync(connection, name));

    /// <summary>Makes the room, or finds it if another call was faster.</summary>
    /// <param name="name">A valid <see cref="RoomName"/>.</param>
    /// <param name="createdBy">The user; null for rooms that are there from the start.</param>
    /// <exception cref="StorageException">Nothing was stored.</exception>
    public Task<Room> CreateAsync(string name, long? createdBy) => database.WriteAsync(async connection =>
    {
        // SQLite's AUTOINCREMENT writes its counter even where nothing is inserted:
        // a start on a full disk must write nothing for rooms that are there.
        if (await FindAsync(connection, name) is { } known)
            return known;
        await connection.ExecuteAsync(
            "INSERT INTO rooms (name, created_by, created_at) VALUES (@name, @by, @at) ON CONFLICT (name) DO NOTHING",
            ("name", name), ("by", createdBy), ("at", Now));
        return (await FindAsync(connection, name))!;
    });

    /// <summary>Makes a room whose owner is who makes it, or finds the one that the same call has made before.</summary>
    /// <param name="state">What it is.</param>
    /// <param name="owner">Who makes it.</param>
    /// <param name="clientMessageId">The owner's own name for the call; null for none.</param>
    /// <returns>The room, and whether it is new; null where another has the name.</returns>
    public Task<(Room Room, bool IsNew)?> CreateAsync(string name, RoomState state, long owner, string? clientMessageId) =>
        database.WriteAsync<(Room, bool)?>(async connection =>
        {
            if (clientMessageId is not null && await connection.FirstAsync(
                $"SELECT {RoomColumns} FROM rooms r WHERE r.created_by = @by AND r.client_msg_id = @id",
                ReadRoom,
                ("by", owner), ("id", clientMessageId)) is { } made)
                return (made, false);
            if (await FindAsync(connection, name) is not null)
                return null;
            await connection.ExecuteAsync(
                """
                INSERT INTO rooms (name, created_by, created_at, visibility, title, topic, data, settings, client_msg_id)
                VALUES (@name, @by, @at, @visibility, @title, @topic, @data, @settings, @id)
                """,
                ("name", name), ("by", owner), ("at", Now), ("visibility", (long)state.Visibility), ("title", state.Title),
                ("topic", state.Topic), ("data", state.Data), ("settings", state.Settings.ToJson()), ("id", clientMessageId));
            await connection.ExecuteAsync(
                "INSERT INTO members (room_id, user_id, role, from_seq) SELECT id, @user, @role, 1 FROM rooms WHERE name = @name",
                ("name", name), ("user", owner), ("role", (long)Role.Owner));
            return ((await FindAsync(connection, name))!, true);
        });

    /// <returns>How many rooms there are that a user has made by name, and owns by that.</returns>
    public Task<long> CountOwnedAsync(long userId) => database.ReadAsync(connection => connection.FirstAsync(
        "SELECT count(*) FROM members WHERE user_id = @user AND role = @owner AND until_seq IS NULL",
        row => row.GetInt64(0),
        ("user", userId), ("owner", (long)Role.Owner)));

    /// <returns>The entry that changed the room's state last; 0 where none has.</returns>
    public Task<long> ReadVersionAsync(long roomId) => database.ReadAsync(connection => VersionAsync(connection, roomId));

    /// <summary>Reads what a room is, and who is in it.</summary>
    public Task<RoomState> ReadStateAsync(long roomId) => database.ReadAsync(connection => ReadStateAsync(connection, roomId));

    /// <inheritdoc cref="ReadStateAsync(long)"/>
    /// <remarks>
    /// Two statements may see two moments: the members are read last, and again where the room has changed meanwhile.
    /// </remarks>
    public static async Task<RoomState> ReadStateAsync(DbConnection connection, long roomId)
    {
        while (true)
        {
            var state = await FindStateAsync(connection, roomId);
            if (state is null)
                return RoomState.Common;
            var members = await connection.ListAsync(
                Members,
                ReadMember,
                ("room", roomId));
            if (await VersionAsync(connection, roomId) == state.Version)
                return state.With(members);
        }
    }

    /// <summary>Who is in a room, by id.</summary>
    /// <param name="after">An id, which is not among them; 0 to begin.</param>
    public Task<List<Member>> ListMembersAsync(long roomId, long after, int most) => database.ReadAsync(connection => connection.ListAsync(
        $"{Members} AND m.user_id > @after AND m.until_seq IS NULL ORDER BY m.user_id LIMIT @most",
        ReadMember,
        ("room", roomId), ("after", after), ("most", (long)most)));

    /// <summary>The rooms that a user is in, by name.</summary>
    /// <param name="after">A name, which is not among them; empty to begin.</param>
    public Task<List<ListedRoom>> ListOfAsync(long userId, string after, int most) => database.ReadAsync(connection =>
        connection.ListAsync(
            $"""
            SELECT {StateColumns}, {RoomColumns}, m.role FROM members m JOIN rooms r ON r.id = m.room_id
            WHERE m.user_id = @user AND m.until_seq IS NULL AND r.name > @after ORDER BY r.name LIMIT @most
            """,
            row => new ListedRoom(ReadRoom(row, StateColumnCount), ReadState(row), (Role)row.GetInt64(row.FieldCount - 1)),
            ("user", userId), ("after", after), ("most", (long)most)));

    /// <summary>Public rooms, by name.</summary>
    /// <param name="words">What the name or the title must contain, without regard to case; empty for all.</param>
    /// <param name="after">A name, which is not among them; empty to begin.</param>
    public Task<List<ListedRoom>> ListPublicAsync(string words, string after, int most) =>
        database.ReadAsync(connection => connection.ListAsync(
            $"""
            SELECT {StateColumns}, {RoomColumns} FROM rooms r
            WHERE r.visibility = 0 AND r.name > @after
                AND (@words = '' OR lower(r.name) LIKE @like ESCAPE '!' OR lower(r.title) LIKE @like ESCAPE '!')
            ORDER BY r.name LIMIT @most
            """,
            row => new ListedRoom(ReadRoom(row, StateColumnCount), ReadState(row), Role: null),
            ("words", words), ("like", Like(words)), ("after", after), ("most", (long)most)));

    private long Now => Timestamp.From(clock.GetUtcNow()).Microseconds;

    private static async Task<Room?> FindAsync(DbConnection connection, string name)
    {
        var room = await connection.FirstAsync($"SELECT {RoomColumns} FROM rooms r WHERE r.name = @name", ReadRoom, ("name", name));
        room?.Become(await ReadStateAsync(connection, room.Id));
        return room;
    }

    private static Task<RoomState?> FindStateAsync(DbConnection connection, long roomId) => connection.FirstAsync(
        $"SELECT {StateColumns} FROM rooms r WHERE r.id = @room", ReadState, ("room", roomId));

    private static Task<long> VersionAsync(DbConnection connection, long roomId) => connection.FirstAsync(
        "SELECT version FROM rooms WHERE id = @room", row => row.GetInt64(0), ("room", roomId));

    private static Room ReadRoom(DbDataReader row) => ReadRoom(row, 0);

    private static Room ReadRoom(DbDataReader row, int first) =>
        new(row.GetInt64(first), row.GetString(first + 1), row.GetInt64(first + 2), row.GetInt64(first + 3), row.GetInt64(first + 4));

    private static Member ReadMember(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), (Role)row.GetInt64(2), row.GetInt64(3), row.IsDBNull(4) ? null : row.GetInt64(4));

    private static RoomState ReadState(DbDataReader row) => new()
    {
        Visibility = (Visibility)row.GetInt64(0),
        Title = row.GetString(1),
        Topic = row.GetString(2),
        Data = Text(row, 3),
        Settings = RoomSettings.Read(Text(row, 4)),
        Version = row.GetInt64(5),
    };

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static string Like(string words)
    {
        var escaped = words.ToLowerInvariant().Replace("!", "!!", StringComparison.Ordinal)
            .Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal);
        return $"%{escaped}%";
    }
}

/// <summary>A room of a list: not this node's object of it.</summary>
/// <param name="State">Without its members.</param>
/// <param name="Role">What the user is there whose list it is; null in a list that is nobody's.</param>
internal readonly record struct ListedRoom(Room Room, RoomState State, Role? Role);
