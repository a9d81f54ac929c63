namespace Skald.Protocol;

/// <summary><c>members</c>: who is in a room, and as what.</summary>
/// <param name="Users">Their names, each once; none for <see cref="MembersOp.Leave"/>, which is about the sender.</param>
/// <param name="Role">For <see cref="MembersOp.Add"/> and <see cref="MembersOp.Role"/>; null where it is not given.</param>
/// <param name="History">For <see cref="MembersOp.Add"/>: another than the room's setting.</param>
public sealed record MembersCommand(
    FrameId Id, string Room, MembersOp Op, IReadOnlyList<string> Users, Role? Role, HistoryShown? History, string? ClientMessageId)
    : EntryCommand(Id, Room, ClientMessageId)
{
    /// <summary>Users that one command may name.</summary>
    public const int MostUsers = 100;

    private static readonly ChatError NoUsers = new(
        ErrorCode.BadRequest, $"\"users\" is needed: an array of 1–{MostUsers} usernames, each once.");
    private static readonly ChatError NoRole = new(ErrorCode.BadRequest, "\"role\" is needed: what they are to be.");

    public override EntryKind Kind => EntryKind.Member;

    /// <summary>Reads what came over HTTP.</summary>
    /// <param name="body">Any bytes.</param>
    /// <param name="error">Why there is no command.</param>
    public static MembersCommand? ReadBody(ReadOnlySpan<byte> body, string room, ProtocolLimits limits, out ChatError? error)
    {
        var fields = FrameFields.OfBody(body, limits);
        var command = fields.Error is null ? From(ref fields, room) : null;
        error = fields.Error;
        return error is null ? command : null;
    }

    internal static MembersCommand From(ref FrameFields fields) => From(ref fields, fields.RequiredRoom());

    private static MembersCommand From(ref FrameFields fields, string room)
    {
        var op = fields.RequiredName<MembersOp>("op"u8);
        var users = fields.OptionalStrings("users"u8, MostUsers) ?? [];
        var role = fields.OptionalName<Role>("role"u8);
        if (op != MembersOp.Leave && (users.Count == 0 || users.Distinct(StringComparer.Ordinal).Count() != users.Count))
            fields.Refuse(NoUsers);
        if (op == MembersOp.Role && role is null)
            fields.Refuse(NoRole);
        return new(
            fields.Id, room, op, op == MembersOp.Leave ? [] : users, role, fields.OptionalName<HistoryShown>("history"u8),
            fields.OptionalClientMessageId());
    }
}

/// <summary>What a <see cref="MembersCommand"/> does.</summary>
public enum MembersOp
{
    /// <summary>They are members from this entry on.</summary>
    Add,

    /// <summary>They are no more, and read nothing after this entry.</summary>
    Remove,

    /// <summary>The sender is no more.</summary>
    Leave,

    /// <summary>They are members of another role.</summary>
    Role,
}
