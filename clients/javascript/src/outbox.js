import { Backoff } from "./backoff.js";
import { aboutTheConnection, SkaldError } from "./errors.js";
import { Emitter } from "./events.js";
import { faultOf } from "./faults.js";
import * as frames from "./frames.js";
import { randomId } from "./platform.js";

/**
 * @typedef {{client_msg_id: string, room: string, text: string, at: number}} Unsent `at`: milliseconds since 1970
 * @typedef {{room: string, seq: number, timestamp: string, duplicate: boolean}} Ack
 *
 * Where unsent messages outlive the page. Each is kept by itself, so that two tabs of one user do not overwrite each
 * other's; that both may then send it does no harm, because it keeps its client_msg_id.
 * @typedef {object} OutboxStorage
 * @property {(username: string) => Unsent[]} load names come in lower case: they are unique so
 * @property {(username: string, message: Unsent) => void} save
 * @property {(username: string, client_msg_id: string) => void} remove
 *
 * @typedef {object} Entry
 * @property {Unsent} message
 * @property {boolean} inFlight
 * @property {(ack: Ack) => void} resolve
 * @property {(error: SkaldError) => void} reject
 *
 * @typedef {(command: frames.Command, onAnswer: (answer: frames.ServerFrame) => void) => void} Request
 */

const capacity = 200;
// What the server asks to wait after a refusal is also how far apart it takes messages; up to here it is believed.
const slowestPace = 500;

/**
 * Messages on their way. Each has one of three ends: acked, refused, or, where the connection was lost in between,
 * unknown; then it is sent again with the same client_msg_id, which stores it once. One message a room is in flight at a
 * time, so that none overtakes another that has to wait.
 *
 * Events: `queued`, `acked`, `refused`, `delayed` when the server asked to send it later, and `error` when the storage fails.
 * @extends {Emitter<{queued: Unsent, acked: {message: Unsent, ack: Ack}, refused: {message: Unsent, error: SkaldError},
 *   delayed: {message: Unsent, error: SkaldError, ms: number}, error: SkaldError}>}
 */
export class Outbox extends Emitter {
  limits = frames.defaultLimits;
  /** @type {Map<string, Entry>} */ #entries = new Map();
  /** @type {Request | undefined} */ #request;
  /** @type {string | undefined} */ #username;
  /** While a server has said that it goes too fast, messages leave one by one and so many ms apart. */ #pace = 0;
  #restored = false;
  /** How often all was given up; a listener may do so while one message is being taken in. */ #abandoned = 0;
  /** Runs while the server has asked to wait; nothing is sent until it calls. @type {any} */ #timer;
  #backoff;
  #clock;
  #storage;

  /** @param {{clock: import("./clock.js").Clock, random: () => number, storage?: OutboxStorage}} options */
  constructor({ clock, random, storage }) {
    super();
    this.#clock = clock;
    this.#backoff = new Backoff(random);
    this.#storage = storage;
  }

  /** @returns {Unsent[]} what has no end yet, oldest first */
  get messages() {
    return Array.from(this.#entries.values(), (entry) => entry.message);
  }

  /**
   * From here on unsent messages are this user's, those included that were written before anybody had signed in.
   * @param {string} username
   * @returns {boolean} false where they are somebody else's; then nothing has changed
   */
  own(username) {
    username = username.toLowerCase();
    if (this.#username !== undefined) return this.#username === username;
    this.#username = username;
    for (const { message } of this.#entries.values()) this.#save(message);
    return true;
  }

  /** Takes up, once, what this user could not send before the page was left. */
  restore() {
    const username = this.#username;
    if (username === undefined || this.#restored) return;
    this.#restored = true;
    const before = this.#abandoned;
    const kept = this.#withStorage((storage) => storage.load(username)) ?? [];
    for (const message of kept.sort((a, b) => a.at - b.at).slice(0, capacity)) {
      if (this.#abandoned !== before) return;
      if (!this.#entries.has(message.client_msg_id)) this.#enqueue(message).catch(() => {});
    }
  }

  /**
   * @param {string} room
   * @param {string} text
   * @param {string} [client_msg_id]
   * @returns {Promise<Ack>} rejected where the message was refused, and so never stored
   */
  async add(room, text, client_msg_id = randomId()) {
    const error = faultOf(commandOf({ room, text, client_msg_id }), this.limits) ?? this.#fullness();
    if (error) throw error;
    const message = { client_msg_id, room, text, at: this.#clock.date() };
    const before = this.#abandoned;
    this.#save(message);
    if (this.#abandoned !== before) throw new SkaldError("closed", "The client was closed.");
    return this.#enqueue(message);
  }

  /** The way is free. @param {Request} request */
  open(request) {
    if (this.#request) return;
    this.#request = request;
    this.#pump();
  }

  /** The connection is gone: how it ended for what was in flight is unknown. */
  pause() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#request = undefined;
    for (const entry of this.#entries.values()) entry.inFlight = false;
  }

  /** Nobody will send the rest; what is stored waits for the user's next login. @param {SkaldError} error */
  abandon(error) {
    this.pause();
    for (const entry of this.#entries.values()) entry.reject(error);
    this.#entries.clear();
    this.#username = undefined;
    this.#restored = false;
    this.#pace = 0;
    this.#abandoned++;
  }

  /**
   * The user gives the message up. Where it was in flight it may have been stored all the same.
   * @param {string} client_msg_id
   */
  discard(client_msg_id) {
    const entry = this.#entries.get(client_msg_id);
    if (!entry) return;
    this.#remove(entry);
    entry.reject(new SkaldError("closed", "The message was discarded."));
    this.#pump();
  }

  /** A message of one's own that arrives is stored, whether or not its ack came. @param {frames.ChatMessage} stored */
  settle(stored) {
    const entry = this.#entries.get(stored.client_msg_id ?? "");
    if (entry && entry.message.room === stored.room) {
      this.#acked(entry, { room: stored.room, seq: stored.seq, timestamp: stored.timestamp, duplicate: false });
    }
  }

  /** @param {Unsent} message @returns {Promise<Ack>} */
  #enqueue(message) {
    return new Promise((resolve, reject) => {
      this.#entries.set(message.client_msg_id, { message, inFlight: false, resolve, reject });
      this.emit("queued", message);
      this.#pump();
    });
  }

  #pump() {
    if (!this.#request || this.#timer !== undefined) return;
    const busy = new Set();
    for (const entry of this.#entries.values()) {
      const { room } = entry.message;
      if (!busy.has(room) && !entry.inFlight) {
        this.#transmit(entry, this.#request);
        if (this.#pace > 0) return this.#wait(this.#pace);
      }
      busy.add(room);
    }
  }

  /** @param {Entry} entry @param {Request} request */
  #transmit(entry, request) {
    entry.inFlight = true;
    const { room, client_msg_id } = entry.message;
    request(commandOf(entry.message), (answer) => {
      // A copy of the message may have come before its ack.
      if (this.#entries.get(client_msg_id) !== entry) return;
      if (answer.type === "ack") {
        this.#backoff.reset();
        const { seq, timestamp, duplicate } = answer;
        this.#acked(entry, { room, seq, timestamp, duplicate });
      } else if (answer.type === "error") {
        this.#onRefused(entry, SkaldError.fromFrame(answer));
      }
    });
  }

  /** @param {Entry} entry @param {Ack} ack */
  #acked(entry, ack) {
    this.#remove(entry);
    entry.resolve(ack);
    this.emit("acked", { message: entry.message, ack });
    this.#pump();
  }

  /** @param {Entry} entry @param {SkaldError} error */
  #onRefused(entry, error) {
    if (aboutTheConnection(error.code)) return;
    if (!error.retryable) {
      this.#remove(entry);
      entry.reject(error);
      this.emit("refused", { message: entry.message, error });
      this.#pump();
      return;
    }
    entry.inFlight = false;
    const ms = this.#backoff.next(error.retryAfterMs);
    // Else the next ones would be refused one after the other, and who is refused for long is taken for a flood.
    if (error.code === "rate_limited") this.#pace = Math.min(slowestPace, 1.1 * Math.max(this.#pace, ms));
    this.#wait(ms);
    this.emit("delayed", { message: entry.message, error, ms });
  }

  /** Sends nothing for a while, and then goes on. @param {number} ms */
  #wait(ms) {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, ms);
  }

  /** @param {Entry} entry */
  #remove({ message: { client_msg_id } }) {
    this.#entries.delete(client_msg_id);
    if (this.#entries.size === 0) this.#pace = 0;
    const username = this.#username;
    if (username !== undefined) this.#withStorage((storage) => storage.remove(username, client_msg_id));
  }

  /** @param {Unsent} message */
  #save(message) {
    const username = this.#username;
    if (username !== undefined) this.#withStorage((storage) => storage.save(username, message));
  }

  /**
   * Storage that is full or forbidden loses what it should have kept, and nothing else.
   * @template T @param {(storage: OutboxStorage) => T} action @returns {T | undefined}
   */
  #withStorage(action) {
    try {
      return this.#storage && action(this.#storage);
    } catch (cause) {
      this.emit("error", new SkaldError("storage_unavailable", "Unsent messages cannot be kept beyond this page.", { cause }));
      return undefined;
    }
  }

  #fullness() {
    if (this.#entries.size < capacity) return undefined;
    return new SkaldError("outbox_full", `${capacity} messages are waiting to be sent.`, { retryable: true });
  }
}

/** @param {{room: string, text: string, client_msg_id: string}} message */
function commandOf({ room, text, client_msg_id }) {
  return frames.send({ room, message: text, client_msg_id });
}
