namespace Skald.Protocol;

/// <summary>What went wrong, as a stable name that a program can act on. The same codes stand in frames and in problem details.</summary>
/// <remarks>
/// Listed with their meaning in docs/protocol and protocol/vectors/codes.json; a name is never reused for another meaning.
/// </remarks>
public sealed class ErrorCode
{
    public static readonly ErrorCode Malformed = new("malformed", 400);
    public static readonly ErrorCode BadRequest = new("bad_request", 400);
    public static readonly ErrorCode ValidationFailed = new("validation_failed", 400);
    public static readonly ErrorCode UnknownCommand = new("unknown_command", 400);
    public static readonly ErrorCode EmptyMessage = new("empty_message", 400);
    public static readonly ErrorCode TooLong = new("too_long", 400);
    public static readonly ErrorCode BadClientMessageId = new("bad_client_msg_id", 400);
    public static readonly ErrorCode TooManyRooms = new("too_many_rooms", 400);
    public static readonly ErrorCode TooManyMembers = new("too_many_members", 400);
    public static readonly ErrorCode NotJoined = new("not_joined", 400);
    public static readonly ErrorCode SignalsOff = new("signals_off", 400);
    public static readonly ErrorCode NotAuthenticated = new("not_authenticated", 401);
    public static readonly ErrorCode TokenNotValid = new("token_not_valid", 401);
    public static readonly ErrorCode InvalidCredentials = new("invalid_credentials", 401);
    public static readonly ErrorCode Forbidden = new("forbidden", 403);
    public static readonly ErrorCode RegistrationClosed = new("registration_closed", 403);
    public static readonly ErrorCode NotFound = new("not_found", 404);
    public static readonly ErrorCode RoomNotFound = new("room_not_found", 404);
    public static readonly ErrorCode MessageNotFound = new("message_not_found", 404);
    public static readonly ErrorCode UserNotFound = new("user_not_found", 404);
    public static readonly ErrorCode MethodNotAllowed = new("method_not_allowed", 405);
    public static readonly ErrorCode EditConflict = new("edit_conflict", 409);
    public static readonly ErrorCode RoomExists = new("room_exists", 409);
    public static readonly ErrorCode LastOwner = new("last_owner", 409);
    public static readonly ErrorCode MessageDeleted = new("message_deleted", 410);
    public static readonly ErrorCode PayloadTooLarge = new("payload_too_large", 413);
    public static readonly ErrorCode UnsupportedMediaType = new("unsupported_media_type", 415);
    public static readonly ErrorCode UpgradeRequired = new("upgrade_required", 426);
    public static readonly ErrorCode RateLimited = new("rate_limited", 429, retryable: true);
    public static readonly ErrorCode ServerError = new("server_error", 500, retryable: true);
    public static readonly ErrorCode Overloaded = new("overloaded", 503, retryable: true);
    public static readonly ErrorCode StorageFailed = new("storage_failed", 503, retryable: true);
    public static readonly ErrorCode StorageFull = new("storage_full", 503, retryable: true);
    public static readonly ErrorCode ShuttingDown = new("shutting_down", 503, retryable: true);

    private ErrorCode(string name, int status, bool retryable = false)
    {
        Name = name;
        Status = status;
        Retryable = retryable;
    }

    public string Name { get; }

    /// <summary>The HTTP status that carries this code.</summary>
    public int Status { get; }

    /// <summary>Whether the very same request may succeed later.</summary>
    public bool Retryable { get; }

    public static IReadOnlyList<ErrorCode> All { get; } =
    [
        Malformed, BadRequest, ValidationFailed, UnknownCommand, EmptyMessage, TooLong, BadClientMessageId, TooManyRooms,
        TooManyMembers, NotJoined, SignalsOff, NotAuthenticated, TokenNotValid, InvalidCredentials, Forbidden, RegistrationClosed, NotFound,
        RoomNotFound, MessageNotFound, UserNotFound, MethodNotAllowed, EditConflict, RoomExists, LastOwner, MessageDeleted,
        PayloadTooLarge, UnsupportedMediaType, UpgradeRequired, RateLimited, ServerError, Overloaded, StorageFailed, StorageFull,
        ShuttingDown,
    ];

    public override string ToString() => Name;
}
