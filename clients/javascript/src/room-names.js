/** Whether a room may have this name: one that users give, or a private room's, which is the server's. @param {string} name */
export function isRoomName(name) {
  return /^([A-Za-z0-9_-]{1,100}|p\.[a-z0-9]{16})$/.test(name);
}
