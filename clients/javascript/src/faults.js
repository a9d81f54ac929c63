import { SkaldError } from "./errors.js";
import * as frames from "./frames.js";
import { isRoomName } from "./room-names.js";

/**
 * What the server would refuse is refused here. For some of it the server would close the connection instead, and then
 * what is repeated until it has an end would close one after the other.
 * @param {frames.Command & {room: string, message?: string}} command @param {frames.Limits} limits
 * @returns {SkaldError | undefined}
 */
export function faultOf(command, { message_code_points, message_bytes, frame_bytes }) {
  const { room, message: text } = command;
  if (!isRoomName(room)) return new SkaldError("room_not_found", "A room's name has 1 to 100 letters, digits, _ or -.");
  if (text === undefined) return undefined;
  if (frames.isBlank(text)) return new SkaldError("empty_message", "A message needs some text that can be seen.");
  // With the flag only a surrogate without its other half matches.
  if (/[\ud800-\udfff\0]/u.test(text)) {
    return new SkaldError("malformed", "The text has a character that cannot be sent.");
  }
  if (text.length > message_bytes || Array.from(text).length > message_code_points || frames.byteLength(text) > message_bytes) {
    return new SkaldError("too_long", `A message has at most ${message_code_points} characters and ${message_bytes} bytes.`);
  }
  // Escapes can make the frame up to six times as long as its text; 64 bytes are spared for the command's id.
  if (frames.byteLength(frames.writeFrame(command)) > frame_bytes - 64) {
    return new SkaldError("too_long", "The message has too many special characters.");
  }
  return undefined;
}
