/**
 * What outlives the page: names and the texts of unsent messages. Nothing here could sign anyone in.
 */
// Browsers keep by origin: what stands below another path of it is another Skald, with rooms of its own.
const path = new URL("../", import.meta.url).pathname;
const ours = path === "/" ? "skald." : `skald${path}`;
const roomsKey = `${ours}rooms`;
const usernameKey = `${ours}username`;
const signedInKey = `${ours}signed-in`;

export const keptUsername = () => read(usernameKey) ?? "";

/** @param {string} username */
export const keepUsername = (username) => write(usernameKey, username);

/** Whether the browser may hold the cookie of a session: no script can see it, and where there is none the server need not be asked. */
export const isSignedInKept = () => read(signedInKey) !== null;

export const keepSignedIn = () => write(signedInKey, "yes");

export const forgetSignedIn = () => void attempt(() => localStorage.removeItem(signedInKey));

/** @returns {string[]} */
export function keptRooms() {
  const names = parse(read(roomsKey));
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
}

/** @param {string[]} names */
export const keepRooms = (names) => write(roomsKey, JSON.stringify(names));

/**
 * Each message has a key of its own, so that two tabs do not overwrite each other's.
 */
export const unsentStorage = {
  /** @param {string} username */
  load: (username) => {
    const prefix = unsentKey(username, "");
    return keys()
      .filter((key) => key.startsWith(prefix))
      .map((key) => parse(read(key)))
      .filter((message) => ["text", "room", "client_msg_id"].every((field) => typeof message?.[field] === "string"));
  },
  /** @param {string} username @param {{client_msg_id: string}} message */
  save: (username, message) => write(unsentKey(username, message.client_msg_id), JSON.stringify(message)),
  /** @param {string} username @param {string} client_msg_id */
  remove: (username, client_msg_id) => attempt(() => localStorage.removeItem(unsentKey(username, client_msg_id))),
};

/** @param {string} username @param {string} id */
const unsentKey = (username, id) => `${ours}unsent ${username} ${id}`;

const keys = () => attempt(() => Object.keys(localStorage)) ?? [];

/** @param {string} key */
const read = (key) => attempt(() => localStorage.getItem(key)) ?? null;

/** @param {string} key @param {string} value */
const write = (key, value) => void attempt(() => localStorage.setItem(key, value));

/** @param {string | null} json @returns {any} */
const parse = (json) => (json === null ? undefined : attempt(() => JSON.parse(json)));

/**
 * Storage may be switched off or full; then nothing is kept, and the page works all the same.
 * @template T @param {() => T} action @returns {T | undefined}
 */
function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}
