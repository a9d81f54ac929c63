import { SkaldError } from "./errors.js";
import { readLinks } from "./history.js";

/**
 * @typedef {"guest" | "member" | "moderator" | "owner"} Role each may do what those before it may
 * @typedef {"public" | "private"} Visibility
 * @typedef {"all" | "since_joined"} HistoryShown what members read: all that is kept, or from the entry on that added them
 * @typedef {{room: string, visibility: Visibility, title: string, topic: string, data?: Record<string, unknown>, history: HistoryShown,
 *   roles: Record<string, Role>, version: number, seq: number, role?: Role, members?: number}} RoomState what a room is besides its log;
 *   `version` is the `seq` of the entry that changed it last
 * @typedef {{title?: string, topic?: string, data?: Record<string, unknown>, visibility?: Visibility, history?: HistoryShown,
 *   roles?: Record<string, Role>}} RoomFields what is not given stays
 * @typedef {{user_id: number, username: string, role: Role}} Member
 * @typedef {{rule: string, ok: boolean, has?: Role, needs?: Role}} Rule
 * @typedef {{allowed: boolean, action: string, rules: Rule[], code?: string, detail?: string}} Explained
 */

/**
 * Rooms by HTTP: to make them and to find them. Each list is a page and `next`, to be handed back for the next page; undefined where
 * there is none.
 */
export class RoomDirectory {
  #session;

  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.#session = session;
  }

  /**
   * Makes a room, whose owner is who makes it. Without a `name` it is private, and gets one.
   * @param {RoomFields & {name?: string, members?: string[], client_msg_id?: string}} room `client_msg_id` makes it idempotent
   * @returns {Promise<RoomState>}
   */
  async create(room) {
    return (await this.#session.call("POST", "api/rooms/", room)).body;
  }

  /**
   * The public rooms, by name.
   * @param {{query?: string, next?: string}} [page] `query`: what the name or the title has in it
   * @returns {Promise<{rooms: RoomState[], next: string | undefined}>}
   */
  async find({ query, next } = {}) {
    const { items, next: after } = await this.#page("api/rooms/", { q: query, cursor: next });
    return { rooms: items, next: after };
  }

  /**
   * The rooms that one was added to or has made, by name.
   * @param {{next?: string}} [page]
   * @returns {Promise<{rooms: RoomState[], next: string | undefined}>}
   */
  async mine({ next } = {}) {
    const { items, next: after } = await this.#page("api/me/rooms/", { cursor: next });
    return { rooms: items, next: after };
  }

  /** @param {string} room @returns {Promise<RoomState>} */
  async read(room) {
    return (await this.#session.call("GET", `api/rooms/${encodeURIComponent(room)}/`)).body;
  }

  /**
   * @param {string} room
   * @param {{next?: string}} [page]
   * @returns {Promise<{members: Member[], next: string | undefined}>}
   */
  async members(room, { next } = {}) {
    const { items, next: after } = await this.#page(`api/rooms/${encodeURIComponent(room)}/members/`, { cursor: next });
    return { members: items, next: after };
  }

  /**
   * Why one may do something in a room, or may not: by the rules that decide.
   * @param {string} room
   * @param {string} action such as `send` or `members`
   * @param {string} [username] another user, for who may change the room's members
   * @returns {Promise<Explained>}
   */
  async explain(room, action, username) {
    const query = queryOf({ action, user: username });
    return (await this.#session.call("GET", `api/rooms/${encodeURIComponent(room)}/explain/?${query}`)).body;
  }

  /** @param {string} path @param {Record<string, string | undefined>} asked */
  async #page(path, asked) {
    const answer = await this.#session.call("GET", `${path}?${queryOf(asked)}`);
    if (!Array.isArray(answer.body)) {
      throw new SkaldError("unexpected_answer", "The answer is no list: is this Skald's address?", { retryable: true });
    }
    const link = readLinks(answer.headers.get("link") ?? "").get("next");
    const cursor = link === undefined ? null : /[?&]cursor=([^&]*)/.exec(link);
    return { items: answer.body, next: cursor ? decodeURIComponent(cursor[1]) : undefined };
  }
}

/** @param {Record<string, string | undefined>} fields */
function queryOf(fields) {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(/** @type {string} */ (value))}`)
    .join("&");
}
