namespace Skald.Protocol;

/// <summary>Why a socket is closed. The number alone tells a client what to do next.</summary>
/// <param name="Number">
/// 4000–4399: reconnect and resume. 4400–4999: not without a new credential or a person. Below: RFC 6455, section 7.4.
/// </param>
/// <param name="Reason">The same in a word; at most 123 bytes, the room a close frame has.</param>
public sealed record CloseCode(ushort Number, string Reason)
{
    public static readonly CloseCode Normal = new(1000, "");
    public static readonly CloseCode ProtocolError = new(1002, "protocol_error");
    public static readonly CloseCode BinaryFrame = new(1003, "binary_frame");
    public static readonly CloseCode InvalidUtf8 = new(1007, "invalid_utf8");
    public static readonly CloseCode Policy = new(1008, "policy");
    public static readonly CloseCode TooBig = new(1009, "too_big");

    public static readonly CloseCode Drain = new(4001, "drain");
    public static readonly CloseCode SlowConsumer = new(4008, "slow_consumer");
    public static readonly CloseCode PositionLost = new(4009, "position_lost");
    public static readonly CloseCode ServerError = new(4010, "server_error");
    public static readonly CloseCode Flood = new(4029, "flood");
    public static readonly CloseCode Malformed = new(4400, "malformed");
    public static readonly CloseCode TokenNotValid = new(4401, "token_not_valid");
    public static readonly CloseCode Forbidden = new(4403, "forbidden");
    public static readonly CloseCode RoomNotFound = new(4404, "room_not_found");
    public static readonly CloseCode TooManyConnections = new(4409, "too_many_connections");

    /// <summary>Skald's own codes, in the order of docs/protocol.</summary>
    public static IReadOnlyList<CloseCode> Own { get; } =
    [
        Drain, SlowConsumer, PositionLost, ServerError, Flood, Malformed, TokenNotValid, Forbidden, RoomNotFound, TooManyConnections,
    ];

    public bool Reconnect => Number is >= 4000 and < 4400;
}
