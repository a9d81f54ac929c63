namespace Skald.Protocol;

/// <summary>What a client asks for in one frame of the Skald socket. A frame is a class of its own, which knows its fields.</summary>
/// <param name="Id">The client's name for it, where an answer is wanted.</param>
public abstract record ClientCommand(FrameId Id)
{
    private delegate ClientCommand CommandReader(ref FrameFields fields);

    /// <remarks>Looked through from the top, so what comes most stands first.</remarks>
    private static readonly (byte[] Type, CommandReader Read)[] Table =
    [
        ("send"u8.ToArray(), SendCommand.From),
        ("ping"u8.ToArray(), PingCommand.From),
        ("signal"u8.ToArray(), SignalCommand.From),
        ("join"u8.ToArray(), JoinCommand.From),
        ("edit"u8.ToArray(), EditCommand.From),
        ("delete"u8.ToArray(), DeleteCommand.From),
        ("resume"u8.ToArray(), ResumeCommand.From),
        ("leave"u8.ToArray(), LeaveCommand.From),
        ("members"u8.ToArray(), MembersCommand.From),
        ("room"u8.ToArray(), RoomCommand.From),
        ("auth"u8.ToArray(), AuthCommand.From),
    ];

    /// <summary>The <c>type</c> of every command.</summary>
    public static IReadOnlyList<string> Types { get; } = [.. Table.Select(row => System.Text.Encoding.ASCII.GetString(row.Type))];

    /// <summary>Reads a frame of the Skald socket.</summary>
    /// <param name="frame">Valid UTF-8.</param>
    /// <param name="error">Why there is no command; <see cref="ErrorCode.Malformed"/> where the frame cannot be read at all.</param>
    /// <param name="id">The frame's <c>id</c>, also where the command is refused, so that the refusal can name it.</param>
    public static ClientCommand? Read(ReadOnlySpan<byte> frame, ProtocolLimits limits, out ChatError? error, out FrameId id)
    {
        var fields = new FrameFields(frame, limits);
        var command = fields.Error is null ? Read(ref fields) : null;
        (error, id) = (fields.Error, fields.Id);
        return error is null ? command : null;
    }

    private static ClientCommand? Read(ref FrameFields fields)
    {
        var type = fields.RequiredType();
        foreach (var (known, read) in Table)
        {
            if (type.SequenceEqual(known))
                return read(ref fields);
        }

        fields.Refuse(new ChatError(ErrorCode.UnknownCommand, "The frame's type is none that this server knows."));
        return null;
    }
}
