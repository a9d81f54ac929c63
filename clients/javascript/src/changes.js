import { Backoff } from "./backoff.js";
import { aboutTheConnection, SkaldError } from "./errors.js";
import { faultOf } from "./faults.js";
import * as frames from "./frames.js";
import { randomId } from "./platform.js";

/**
 * @typedef {{room: string, seq: number, target?: number, timestamp: string, duplicate: boolean, unchanged?: boolean}} ChangeAck `seq` is
 *   the entry's that made the change, and with `unchanged` the one that had made it before
 * @typedef {frames.Command & {room: string, seq?: number, client_msg_id: string}} ChangeCommand
 * @typedef {{command: ChangeCommand, inFlight: boolean, resolve: (ack: ChangeAck) => void, reject: (error: SkaldError) => void}} Change
 */

const capacity = 200;

/**
 * Edits, deletes, and changes of rooms and their members on their way. Where the connection is lost before the answer, the change is
 * sent again on the next one with the same client_msg_id, which makes it once. One a message, and one a room, is in flight at a time,
 * so that none overtakes another. None outlives the page: who made it may look again.
 */
export class Changes {
  limits = frames.defaultLimits;
  /** Oldest first. @type {Set<Change>} */ #changes = new Set();
  /** @type {import("./outbox.js").Request | undefined} */ #request;
  /** Runs while the server has asked to wait. @type {any} */ #timer;
  #backoff;
  #clock;

  /** @param {{clock: import("./clock.js").Clock, random: () => number}} options */
  constructor({ clock, random }) {
    this.#clock = clock;
    this.#backoff = new Backoff(random);
  }

  /** @param {string} room @param {number} seq @param {string} text @param {number} [ifVersion] */
  edit(room, seq, text, ifVersion) {
    return this.#add(frames.edit({ room, seq, message: text, client_msg_id: randomId(), if_version: ifVersion }));
  }

  /** @param {string} room @param {number} seq */
  delete(room, seq) {
    return this.#add(frames.erase({ room, seq, client_msg_id: randomId() }));
  }

  /** @param {string} room @param {import("./directory.js").RoomFields} fields @param {number} [ifVersion] */
  changeRoom(room, fields, ifVersion) {
    return this.#add(frames.room({ ...fields, room, client_msg_id: randomId(), if_version: ifVersion }));
  }

  /** @param {string} room @param {{op: string, users?: string[], role?: string, history?: string}} change */
  changeMembers(room, change) {
    return this.#add(frames.members({ ...change, room, client_msg_id: randomId() }));
  }

  /** The way is free. @param {import("./outbox.js").Request} request */
  open(request) {
    if (this.#request) return;
    this.#request = request;
    this.#pump();
  }

  /** The connection is gone: how it ended for what was in flight is unknown. */
  pause() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#request = undefined;
    for (const change of this.#changes) change.inFlight = false;
  }

  /** Nobody will send the rest. @param {SkaldError} error */
  abandon(error) {
    this.pause();
    for (const { reject } of this.#changes) reject(error);
    this.#changes.clear();
  }

  /** @param {frames.Command} command @returns {Promise<ChangeAck>} */
  async #add(command) {
    const change = /** @type {Change} */ ({ command, inFlight: false });
    const error = faultOf(change.command, this.limits);
    if (error) throw error;
    if (this.#changes.size >= capacity) {
      throw new SkaldError("outbox_full", `${capacity} changes are waiting to be sent.`, { retryable: true });
    }
    return new Promise((resolve, reject) => {
      this.#changes.add(Object.assign(change, { resolve, reject }));
      this.#pump();
    });
  }

  #pump() {
    if (!this.#request || this.#timer !== undefined) return;
    const busy = new Set();
    for (const change of this.#changes) {
      // What is changed: a message, or, without a seq, the room.
      const target = `${change.command.room} ${change.command.seq}`;
      if (!busy.has(target) && !change.inFlight) this.#transmit(change, this.#request);
      busy.add(target);
    }
  }

  /** @param {Change} change @param {import("./outbox.js").Request} request */
  #transmit(change, request) {
    change.inFlight = true;
    request(change.command, (answer) => {
      if (!this.#changes.has(change)) return;
      if (answer.type === "ack") {
        this.#backoff.reset();
        const { room, seq, timestamp, duplicate, unchanged } = answer;
        this.#end(change);
        const { seq: target } = change.command;
        change.resolve({ room, seq, ...(target ? { target } : {}), timestamp, duplicate, ...(unchanged ? { unchanged } : {}) });
      } else if (answer.type === "error") {
        this.#onError(change, SkaldError.fromFrame(answer));
      }
    });
  }

  /** @param {Change} change @param {SkaldError} error */
  #onError(change, error) {
    if (aboutTheConnection(error.code)) return;
    if (!error.retryable) {
      this.#end(change);
      change.reject(error);
      return;
    }
    change.inFlight = false;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, this.#backoff.next(error.retryAfterMs));
  }

  /** @param {Change} change */
  #end(change) {
    this.#changes.delete(change);
    this.#pump();
  }
}
