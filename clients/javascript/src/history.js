import { SkaldError } from "./errors.js";

/**
 * @typedef {object} HistoryPage
 * @property {import("./frames.js").ChatMessage[]} messages oldest first
 * @property {number | undefined} before hand it back to read the earlier page; undefined where there is none
 * @property {number | undefined} after hand it back to read the later page; undefined where there is none
 * @property {{since: number, epoch: string} | undefined} position where the log was when the page was read: `join` from there
 *   brings all that has happened since. Undefined where something on the way has dropped the headers that tell it
 */

/**
 * @param {import("./session.js").Session} session
 * @param {string} room
 * @param {{before?: number, after?: number, limit?: number}} [page] the newest 100 by default; the bounds are exclusive
 * @returns {Promise<HistoryPage>}
 */
export async function readHistory(session, room, { before, after, limit } = {}) {
  const query = Object.entries({ before, after, limit })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`);
  const answer = await session.call("GET", `api/chat/history/${encodeURIComponent(room)}/?${query.join("&")}`);
  if (!Array.isArray(answer.body)) {
    throw new SkaldError("unexpected_answer", "The answer is no page of history: is this Skald's address?", { retryable: true });
  }
  const links = readLinks(answer.headers.get("link") ?? "");
  return {
    messages: answer.body,
    before: boundOf(links.get("prev"), "before"),
    after: boundOf(links.get("next"), "after"),
    position: positionOf(answer.headers),
  };
}

/**
 * The targets of the links of RFC 8288 by their relation.
 * @param {string} header
 * @returns {Map<string, string>}
 */
export function readLinks(header) {
  const links = new Map();
  for (const [, target, parameters] of header.matchAll(/<([^>]*)>([^<]*)/g)) {
    const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(parameters);
    if (!relation) continue;
    for (const name of (relation[1] ?? relation[2]).split(/\s+/)) links.set(name, target);
  }
  return links;
}

/** @param {string | undefined} link @param {string} name */
function boundOf(link, name) {
  const bound = link === undefined ? null : new RegExp(`[?&]${name}=(\\d+)`).exec(link);
  return bound ? Number(bound[1]) : undefined;
}

/** @param {Headers} headers */
function positionOf(headers) {
  const seq = headers.get("skald-seq");
  const epoch = headers.get("skald-epoch");
  return seq === null || epoch === null ? undefined : { since: Number(seq), epoch };
}
