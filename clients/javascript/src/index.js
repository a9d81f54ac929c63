export { SkaldClient } from "./client.js";
export { Session } from "./session.js";
export { Room } from "./room.js";
export { SkaldError } from "./errors.js";
export { closeCodes, errorCodes, mayReconnect } from "./codes.js";
