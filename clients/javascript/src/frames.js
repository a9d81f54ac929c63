/**
 * @typedef {{type: "chat_message", room: string, seq: number, username: string, message: string, timestamp: string,
 *   client_msg_id?: string, version: number, text_version?: number, edited_at?: string, deleted?: undefined}} ChatMessage `version` is
 *   the `seq` of the last entry that changed it, `text_version` of the one that gave it its text, where that is not its first
 * @typedef {Omit<ChatMessage, "message" | "deleted"> & {deleted: {at: string, by: string}}} DeletedMessage
 * @typedef {{type: "entry", room: string, seq: number, kind: string, from?: number, timestamp?: string, by?: string, target?: number,
 *   now?: ChatMessage | DeletedMessage} & Record<string, unknown>} Entry what a log holds besides messages. `kind` may be one that is
 *   not known here. `by` is who did it, `target` the message that it is about, `now` that message as it is by now. With `from` it
 *   stands for all numbers from there to `seq`
 * @typedef {ChatMessage | Entry} LogEntry
 * @typedef {{message_code_points: number, message_bytes: number, frame_bytes: number, rooms: number, signal_bytes: number}} Limits
 * @typedef {{type: "ready", re?: Id, user: {id: number, username: string}, epoch: string, ping_interval: number,
 *   limits: Limits}} ReadyFrame
 * @typedef {{type: "joined", re?: Id, room: string, seq: number, since: number, complete: boolean, first_seq: number,
 *   epoch: string, role?: import("./directory.js").Role}} JoinedFrame
 * @typedef {{type: "left", re?: Id, room: string, seq?: number, reason?: string}} LeftFrame with a `seq` the server has ended it, by that
 *   entry
 * @typedef {{type: "ack", re?: Id, room: string, seq: number, timestamp: string, duplicate: boolean,
 *   message?: string, target?: number, unchanged?: boolean}} AckFrame
 * @typedef {{type: "pong", re?: Id}} PongFrame
 * @typedef {{type: "signal", room: string, user_id: number, username: string, event: string, data?: Record<string, unknown>}} Signal
 *   what somebody tells those who are in the room now; `data` is the application's own
 * @typedef {{type: "signaled", re?: Id, room: string}} SignaledFrame
 * @typedef {{type: "error", re?: Id, room?: string, code: string, detail: string, retryable: boolean,
 *   retry_after_ms?: number, now?: ChatMessage}} ErrorFrame
 * @typedef {{type: "closing", code: number, reason: string, reconnect: boolean, reconnect_after_ms?: number}} ClosingFrame
 * @typedef {ChatMessage | Entry | ReadyFrame | JoinedFrame | LeftFrame | AckFrame | PongFrame | Signal | SignaledFrame |
 *   ErrorFrame | ClosingFrame} ServerFrame
 * @typedef {string | number} Id
 * @typedef {{type: string, id?: Id} & Record<string, unknown>} Command
 */

/** What holds until the server has said `ready`. @type {Limits} */
export const defaultLimits = Object.freeze({
  message_code_points: 4000, message_bytes: 8000, frame_bytes: 16384, rooms: 128, signal_bytes: 1024,
});

/** How long a text without lone surrogates is as UTF-8. TextEncoder is not everywhere. @param {string} text */
export function byteLength(text) {
  return encodeURIComponent(text).replace(/%../g, "_").length;
}

// White space, and what is shown as nothing by itself: protocol/vectors/blank.json.
// Not every engine knows Unicode's properties by their names.
const blank = new RegExp(
  "^[" +
    "\\t-\\r \\x85\\xa0\\xad\\u034f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f\\u2000-\\u200f" +
    "\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufff8" +
    "\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}" +
    "]*$",
  "u",
);

/** Whether a reader would see nothing of a text. @param {string} text */
export function isBlank(text) {
  return blank.test(text);
}

/** @param {Command} command fields that are undefined do not go on the wire */
export function writeFrame(command) {
  return JSON.stringify(command);
}

/**
 * @param {unknown} data what a socket handed over
 * @returns {ServerFrame | undefined} undefined where it is no frame of this protocol. A type that is not known here is
 *   returned as it is: newer servers may send more of them.
 */
export function readFrame(data) {
  if (typeof data !== "string") return undefined;
  try {
    const frame = JSON.parse(data);
    return typeof frame?.type === "string" ? frame : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether a frame is an entry of a room's log. These two types move a cursor and no other does, now or later: what a server
 * learns to put into its log is an `entry` of another kind.
 * @param {ServerFrame} frame @returns {frame is LogEntry}
 */
export function movesCursor(frame) {
  return (frame.type === "chat_message" || frame.type === "entry") && Number.isSafeInteger(frame.seq);
}

/** @param {{id?: Id, token: string}} fields @returns {Command} */
export const auth = ({ id, token }) => ({ type: "auth", id, token });

/** @param {{id?: Id, room: string, since?: number, epoch?: string}} fields @returns {Command} */
export const join = ({ id, room, since, epoch }) => ({ type: "join", id, room, since, epoch });

/** @param {{id?: Id, epoch?: string, rooms: Record<string, number | null>}} fields @returns {Command} */
export const resume = ({ id, epoch, rooms }) => ({ type: "resume", id, epoch, rooms });

/** @param {{id?: Id, room: string}} fields @returns {Command} */
export const leave = ({ id, room }) => ({ type: "leave", id, room });

/** @param {{id?: Id, room: string, message: string, client_msg_id?: string}} fields @returns {Command & {room: string}} */
export const send = ({ id, room, message, client_msg_id }) => ({ type: "send", id, room, message, client_msg_id });

/**
 * @param {{id?: Id, room: string, seq: number, message: string, client_msg_id?: string, if_version?: number}} fields
 * @returns {Command & {room: string}}
 */
export const edit = ({ id, room, seq, message, client_msg_id, if_version }) =>
  ({ type: "edit", id, room, seq, message, client_msg_id, if_version });

/**
 * The command `delete`.
 * @param {{id?: Id, room: string, seq: number, client_msg_id?: string}} fields
 * @returns {Command & {room: string}}
 */
export const erase = ({ id, room, seq, client_msg_id }) => ({ type: "delete", id, room, seq, client_msg_id });

/**
 * @param {{id?: Id, room: string, op: string, users?: string[], role?: string, history?: string, client_msg_id?: string}} fields
 * @returns {Command & {room: string}}
 */
export const members = ({ id, room, op, users, role, history, client_msg_id }) =>
  ({ type: "members", id, room, op, users, role, history, client_msg_id });

/**
 * @param {import("./directory.js").RoomFields & {id?: Id, room: string, if_version?: number, client_msg_id?: string}} fields
 * @returns {Command & {room: string}}
 */
export const room = ({ id, room, title, topic, data, visibility, history, roles, if_version, client_msg_id }) =>
  ({ type: "room", id, room, title, topic, data, visibility, history, roles, if_version, client_msg_id });

/** @param {{id?: Id}} [fields] @returns {Command} */
export const ping = ({ id } = {}) => ({ type: "ping", id });

/** @param {{id?: Id, room: string, event: string, data?: Record<string, unknown>}} fields @returns {Command} */
export const signal = ({ id, room, event, data }) => ({ type: "signal", id, room, event, data });
