/**
 * @typedef {import("./connector.js").ConnectionState} ConnectionState
 * @typedef {import("./joined-rooms.js").Resumed} Resumed
 * @typedef {import("./joined-rooms.js").Joining} Joining
 * @typedef {import("./frames.js").ChatMessage} ChatMessage
 * @typedef {import("./frames.js").DeletedMessage} DeletedMessage
 * @typedef {import("./frames.js").Entry} Entry
 * @typedef {import("./frames.js").LogEntry} LogEntry
 * @typedef {import("./frames.js").Limits} Limits
 * @typedef {import("./frames.js").Signal} Signal
 * @typedef {import("./history.js").HistoryPage} HistoryPage
 * @typedef {import("./changes.js").ChangeAck} ChangeAck
 * @typedef {import("./directory.js").RoomState} RoomState
 * @typedef {import("./directory.js").RoomFields} RoomFields
 * @typedef {import("./directory.js").Member} Member
 * @typedef {import("./directory.js").Role} Role
 * @typedef {import("./directory.js").Explained} Explained
 * @typedef {import("./outbox.js").Ack} Ack
 * @typedef {import("./outbox.js").Unsent} Unsent
 * @typedef {import("./outbox.js").OutboxStorage} OutboxStorage
 * @typedef {import("./room.js").PositionLost} PositionLost
 * @typedef {import("./session.js").Tokens} Tokens
 * @typedef {import("./session.js").GetToken} GetToken
 */
export { SkaldClient } from "./client.js";
export { Session } from "./session.js";
export { Room } from "./room.js";
export { RoomDirectory } from "./directory.js";
export { Messages } from "./messages.js";
export { SkaldError } from "./errors.js";
export { closeCodes, errorCodes, mayReconnect } from "./codes.js";
