/**
 * Where in the page one is: `#/rooms/NAME`, or `#/rooms/NAME/SEQ` at one of the room's messages. It stands in the
 * fragment, so it works below whatever path the page is served at, and no server's log sees which room it was.
 * @typedef {{room: string, seq?: number}} Place
 */

const form = /^#\/rooms\/([^/]+)(?:\/([1-9]\d{0,15}))?$/;

/** @param {string} room @param {number} [seq] */
export const addressOf = (room, seq) => `#/rooms/${encodeURIComponent(room)}${seq === undefined ? "" : `/${seq}`}`;

/** @returns {Place | undefined} undefined where the address names no room */
export function here() {
  const [, room, seq] = form.exec(location.hash) ?? [];
  if (room === undefined) return undefined;
  try {
    return { room: decodeURIComponent(room), seq: seq === undefined ? undefined : Number(seq) };
  } catch {
    return undefined;   // a % that begins no letter
  }
}

/** Goes somewhere as a link does: the way back leads here. @param {string} address as `addressOf` gives it */
export function visit(address) {
  if (location.hash !== address) history.pushState(null, "", address);
}

/** Corrects the address without leaving a way back to the old one. @param {string} [room] none: the page as it is before one has chosen */
export function moveTo(room) {
  history.replaceState(null, "", room === undefined ? location.pathname + location.search : addressOf(room));
}
