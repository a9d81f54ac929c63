import { Emitter } from "./events.js";
import * as frames from "./frames.js";
import { readHistory } from "./history.js";

/**
 * @typedef {import("./frames.js").ChatMessage} ChatMessage
 * @typedef {import("./frames.js").Entry} Entry
 * @typedef {import("./frames.js").Signal} Signal
 * @typedef {{room: string, from: number | undefined, firstSeq: number, seq: number}} PositionLost
 */

/**
 * A room this client has joined: a cursor into the room's log.
 *
 * Events: `message` for each one after the cursor, once and in order; `entry` for whatever else the log holds, of a kind known
 * here or not; `signal` for what somebody tells those who are in the room now; `positionlost` when the log cannot continue from the
 * cursor, and what is shown must be read anew.
 * @extends {Emitter<{message: ChatMessage, entry: Entry, signal: Signal, positionlost: PositionLost}>}
 */
export class Room extends Emitter {
  /** The last `seq` this client has, or undefined before the first `joined`. @type {number | undefined} */
  cursor;
  /** What the user is in the room, as of the last `joined`. @type {import("./directory.js").Role | undefined} */
  role;
  /** The log that the cursor belongs to. @type {string | undefined} */
  epoch;
  /** Whether messages flow; false while the connection is away or the room is being joined. */
  live = false;
  #session;
  #changes;
  #tell;

  /**
   * @param {{session: import("./session.js").Session, changes: import("./changes.js").Changes,
   *   tell: (command: frames.Command) => void}} client
   * @param {string} name
   * @param {{since?: number, epoch?: string}} [position]
   */
  constructor({ session, changes, tell }, name, { since, epoch } = {}) {
    super();
    this.#session = session;
    this.#changes = changes;
    this.#tell = tell;
    this.name = name;
    this.cursor = since;
    this.epoch = epoch;
  }

  /** @param {Parameters<typeof readHistory>[2]} [page] */
  history(page) {
    return readHistory(this.#session, this.name, page);
  }

  /**
   * Gives a message of one's own another text, whole: now or when there is a connection, and once whatever happens in between.
   * @param {number} seq
   * @param {string} text
   * @param {{ifVersion?: number}} [options] the `text_version` that the user has seen, or the message's `seq` where it never was edited:
   *   where the text is another one by now, the edit is refused with `edit_conflict`, and the error's `now` is the message
   * @returns {Promise<import("./changes.js").ChangeAck>} rejected where it was refused
   */
  edit(seq, text, { ifVersion } = {}) {
    return this.#changes.edit(this.name, seq, text, ifVersion);
  }

  /**
   * Erases a message of one's own. There is no way back.
   * @param {number} seq
   * @returns {Promise<import("./changes.js").ChangeAck>} rejected where it was refused
   */
  delete(seq) {
    return this.#changes.delete(this.name, seq);
  }

  /**
   * Gives the room another title, topic, data, visibility, history or roles: now or when there is a connection, and once.
   * @param {import("./directory.js").RoomFields} fields what is not given stays
   * @param {{ifVersion?: number}} [options] the room's `version` that the user has seen: of another one the change is refused with
   *   `edit_conflict`
   * @returns {Promise<import("./changes.js").ChangeAck>} rejected where it was refused
   */
  change(fields, { ifVersion } = {}) {
    return this.#changes.changeRoom(this.name, fields, ifVersion);
  }

  /**
   * Adds users to the room, at most 100.
   * @param {string[]} users
   * @param {{role?: import("./directory.js").Role, history?: import("./directory.js").HistoryShown}} [options]
   * @returns {Promise<import("./changes.js").ChangeAck>} rejected where it was refused
   */
  add(users, { role, history } = {}) {
    return this.#changes.changeMembers(this.name, { op: "add", users, role, history });
  }

  /** Removes users from the room: they read no further. @param {string[]} users @returns {Promise<import("./changes.js").ChangeAck>} */
  remove(users) {
    return this.#changes.changeMembers(this.name, { op: "remove", users });
  }

  /**
   * @param {string[]} users
   * @param {import("./directory.js").Role} role
   * @returns {Promise<import("./changes.js").ChangeAck>} rejected where it was refused
   */
  setRole(users, role) {
    return this.#changes.changeMembers(this.name, { op: "role", users, role });
  }

  /** Ends one's own membership. To hear no more of a room, `leave()`. @returns {Promise<import("./changes.js").ChangeAck>} */
  quit() {
    return this.#changes.changeMembers(this.name, { op: "leave" });
  }

  /**
   * Tells those who are in the room now, at most once: nothing is stored, and nothing is sent again or later. A refusal, such as
   * `rate_limited` after 5 a second, comes as the client's `error`.
   * @param {string} event the application's own name for it: 1–64 of `A–Z a–z 0–9 _ - . :`
   * @param {Record<string, unknown>} [data] at most 1 KiB of JSON
   * @returns {boolean} whether there was a connection to send it by
   */
  signal(event, data) {
    if (this.live) this.#tell(frames.signal({ room: this.name, event, data }));
    return this.live;
  }

  /**
   * @param {import("./frames.js").JoinedFrame} joined
   * @returns {boolean} whether the log goes on from the cursor
   */
  enter(joined) {
    const from = this.cursor;
    this.cursor = joined.since;
    this.epoch = joined.epoch;
    this.role = joined.role;
    this.live = true;
    if (!joined.complete) this.emit("positionlost", { room: this.name, from, firstSeq: joined.first_seq, seq: joined.seq });
    return joined.complete;
  }

  /**
   * @param {ChatMessage | Entry} entry
   * @returns {"next" | "passed" | "gap"} only the next one moves the cursor and is told to listeners
   */
  take(entry) {
    // Before `joined` has come, what comes still belongs to the position before it.
    if (!this.live || this.cursor === undefined || !(entry.seq > this.cursor)) return "passed";
    // Several numbers with nothing in them may come as one.
    const from = entry.type === "entry" ? entry.from ?? entry.seq : entry.seq;
    if (from > this.cursor + 1) return "gap";
    this.cursor = entry.seq;
    if (entry.type === "entry") this.emit("entry", entry);
    else this.emit("message", entry);
    return "next";
  }

  /** Goes on at an entry that lies behind a hole which nobody could fill. @param {ChatMessage | Entry} entry */
  skip(entry) {
    const from = this.cursor;
    const firstSeq = entry.type === "entry" ? entry.from ?? entry.seq : entry.seq;
    this.cursor = firstSeq - 1;
    this.emit("positionlost", { room: this.name, from, firstSeq, seq: entry.seq });
  }
}

