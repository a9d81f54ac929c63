/** Every error code of the protocol, with the HTTP status it has there and whether a retry can help. */
export const errorCodes = Object.freeze({
  malformed: { status: 400, retryable: false },
  bad_request: { status: 400, retryable: false },
  validation_failed: { status: 400, retryable: false },
  unknown_command: { status: 400, retryable: false },
  empty_message: { status: 400, retryable: false },
  too_long: { status: 400, retryable: false },
  bad_client_msg_id: { status: 400, retryable: false },
  too_many_rooms: { status: 400, retryable: false },
  too_many_members: { status: 400, retryable: false },
  not_joined: { status: 400, retryable: false },
  signals_off: { status: 400, retryable: false },
  not_authenticated: { status: 401, retryable: false },
  token_not_valid: { status: 401, retryable: false },
  invalid_credentials: { status: 401, retryable: false },
  forbidden: { status: 403, retryable: false },
  registration_closed: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  room_not_found: { status: 404, retryable: false },
  message_not_found: { status: 404, retryable: false },
  user_not_found: { status: 404, retryable: false },
  method_not_allowed: { status: 405, retryable: false },
  edit_conflict: { status: 409, retryable: false },
  room_exists: { status: 409, retryable: false },
  last_owner: { status: 409, retryable: false },
  message_deleted: { status: 410, retryable: false },
  payload_too_large: { status: 413, retryable: false },
  unsupported_media_type: { status: 415, retryable: false },
  upgrade_required: { status: 426, retryable: false },
  rate_limited: { status: 429, retryable: true },
  server_error: { status: 500, retryable: true },
  overloaded: { status: 503, retryable: true },
  storage_failed: { status: 503, retryable: true },
  storage_full: { status: 503, retryable: true },
  shutting_down: { status: 503, retryable: true },
});

/** The server's own close codes by their reason. */
export const closeCodes = Object.freeze({
  drain: 4001,
  slow_consumer: 4008,
  position_lost: 4009,
  server_error: 4010,
  flood: 4029,
  malformed: 4400,
  token_not_valid: 4401,
  forbidden: 4403,
  room_not_found: 4404,
  too_many_connections: 4409,
});

// 1002, 1003, 1007 and 1009 refuse a frame of this client as such: the next connection would send it again.
const refusedFrame = new Set([1002, 1003, 1007, 1009]);

/**
 * Whether a close that this side did not ask for is followed by another attempt. Of the server's codes the range alone
 * decides, so that codes yet to be invented are understood.
 * @param {number} code
 */
export function mayReconnect(code) {
  return code < 4000 ? !refusedFrame.has(code) : code < 4400;
}
