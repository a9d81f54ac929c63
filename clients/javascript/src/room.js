import { Emitter } from "./events.js";
import { readHistory } from "./history.js";

/**
 * @typedef {import("./frames.js").ChatMessage} ChatMessage
 * @typedef {{room: string, from: number | undefined, firstSeq: number, seq: number}} PositionLost
 */

/**
 * A room this client has joined: a cursor into the room's log.
 *
 * Events: `message` for each one after the cursor, once and in order; `positionlost` when the log cannot continue from the
 * cursor, and what is shown must be read anew.
 * @extends {Emitter<{message: ChatMessage, positionlost: PositionLost}>}
 */
export class Room extends Emitter {
  /** The last `seq` this client has, or undefined before the first `joined`. @type {number | undefined} */
  cursor;
  /** The log that the cursor belongs to. @type {string | undefined} */
  epoch;
  /** Whether messages flow; false while the connection is away or the room is being joined. */
  live = false;
  #session;

  /**
   * @param {import("./session.js").Session} session
   * @param {string} name
   * @param {{since?: number, epoch?: string}} [position]
   */
  constructor(session, name, { since, epoch } = {}) {
    super();
    this.#session = session;
    this.name = name;
    this.cursor = since;
    this.epoch = epoch;
  }

  /** @param {Parameters<typeof readHistory>[2]} [page] */
  history(page) {
    return readHistory(this.#session, this.name, page);
  }

  /**
   * @param {import("./frames.js").JoinedFrame} joined
   * @returns {boolean} whether the log goes on from the cursor
   */
  enter(joined) {
    const from = this.cursor;
    this.cursor = joined.since;
    this.epoch = joined.epoch;
    this.live = true;
    if (!joined.complete) this.emit("positionlost", { room: this.name, from, firstSeq: joined.first_seq, seq: joined.seq });
    return joined.complete;
  }

  /**
   * @param {ChatMessage} message
   * @returns {"next" | "passed" | "gap"} only the next one moves the cursor and is told to listeners
   */
  take(message) {
    // Before `joined` has come, what comes still belongs to the position before it.
    if (!this.live || this.cursor === undefined || message.seq <= this.cursor) return "passed";
    if (message.seq !== this.cursor + 1) return "gap";
    this.cursor = message.seq;
    this.emit("message", message);
    return "next";
  }
}

/** @param {string} name */
export function isRoomName(name) {
  return /^[A-Za-z0-9_-]{1,100}$/.test(name);
}
