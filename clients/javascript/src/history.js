/**
 * @typedef {object} HistoryPage
 * @property {import("./frames.js").ChatMessage[]} messages oldest first
 * @property {number | undefined} before hand it back to read the earlier page; undefined where there is none
 * @property {number | undefined} after hand it back to read the later page; undefined where there is none
 */

/**
 * @param {import("./session.js").Session} session
 * @param {string} room
 * @param {{before?: number, after?: number, limit?: number}} [page] the newest 100 by default; the bounds are exclusive
 * @returns {Promise<HistoryPage>}
 */
export async function readHistory(session, room, { before, after, limit } = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ before, after, limit })) {
    if (value !== undefined) query.set(name, String(value));
  }
  const answer = await session.call("GET", `api/chat/history/${encodeURIComponent(room)}/?${query}`);
  const links = readLinks(answer.headers.get("link") ?? "", session.server);
  return {
    messages: answer.body,
    before: boundOf(links.get("prev"), "before"),
    after: boundOf(links.get("next"), "after"),
  };
}

/**
 * The links of RFC 8288 by their relation.
 * @param {string} header
 * @param {URL} base
 * @returns {Map<string, URL>}
 */
export function readLinks(header, base) {
  const links = new Map();
  for (const [, target, parameters] of header.matchAll(/<([^>]*)>([^<]*)/g)) {
    const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(parameters);
    if (!relation) continue;
    for (const name of (relation[1] ?? relation[2]).split(/\s+/)) links.set(name, new URL(target, base));
  }
  return links;
}

/** @param {URL | undefined} link @param {string} name */
function boundOf(link, name) {
  const bound = link?.searchParams.get(name);
  return bound == null ? undefined : Number(bound);
}
