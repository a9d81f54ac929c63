namespace Skald.Protocol;

/// <summary>A room that somebody wants made.</summary>
/// <param name="Name">A valid name that a user may give; null for one of the server's, which private rooms have.</param>
/// <param name="Fields">What it is to be; its visibility is set.</param>
/// <param name="Members">Usernames of those that are in it from the start, besides its maker.</param>
/// <param name="ClientMessageId">A valid <see cref="Protocol.ClientMessageId"/>, or null.</param>
public sealed record NewRoom(string? Name, RoomFields Fields, IReadOnlyList<string> Members, string? ClientMessageId)
{
    private static readonly ChatError NameNeeded = new(
        ErrorCode.BadRequest, "A public room needs a \"name\", its address; a private one gets one.");

    private static readonly ChatError NameGiven = new(
        ErrorCode.BadRequest, "A private room's name is the server's, so that nobody can try for it: leave \"name\" out, and give a \"title\".");

    /// <param name="body">Any bytes.</param>
    /// <param name="error">Why there is no room.</param>
    public static NewRoom? ReadBody(ReadOnlySpan<byte> body, ProtocolLimits limits, out ChatError? error)
    {
        var fields = FrameFields.OfBody(body, limits);
        var room = fields.Error is null ? From(ref fields) : null;
        error = fields.Error;
        return error is null ? room : null;
    }

    private static NewRoom From(ref FrameFields fields)
    {
        var name = fields.Optional("name"u8);
        var given = RoomFields.From(ref fields);
        var visibility = given.Visibility ?? (name is null ? Visibility.Private : Visibility.Public);
        if (visibility == Visibility.Public && name is null)
            fields.Refuse(NameNeeded);
        else if (visibility == Visibility.Private && name is not null)
            fields.Refuse(NameGiven);
        else if (name is not null && !RoomName.IsFree(name))
            fields.Refuse(RoomName.Refused);
        return new(
            name,
            given with { Visibility = visibility },
            fields.OptionalStrings("members"u8, MembersCommand.MostUsers) ?? [],
            fields.OptionalClientMessageId());
    }
}
