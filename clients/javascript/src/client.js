import { Changes } from "./changes.js";
import { systemClock } from "./clock.js";
import { Connector } from "./connector.js";
import { RoomDirectory } from "./directory.js";
import { SkaldError } from "./errors.js";
import { Emitter } from "./events.js";
import * as frames from "./frames.js";
import { readHistory } from "./history.js";
import { JoinedRooms } from "./joined-rooms.js";
import { Outbox } from "./outbox.js";
import { need } from "./platform.js";
import { onWake } from "./wake.js";

/** @typedef {import("./connector.js").ConnectionState} ConnectionState */

/**
 * A user's live presence at a server over as many connections as it takes: joined rooms go on where they were, and
 * messages wait in the outbox.
 *
 * Events: `state` with each ConnectionState; `message`, `entry` and `signal` for every joined room's; `positionlost` as Room has it;
 * `resumed` once all rooms have caught up after a reconnect; `roomlost` when a joined room cannot be entered again;
 * `signedout` when the session has ended; `error` for an error that belongs to no command.
 * @extends {Emitter<{state: ConnectionState, message: frames.ChatMessage, entry: frames.Entry, signal: frames.Signal,
 *   positionlost: import("./room.js").PositionLost, resumed: import("./joined-rooms.js").Resumed,
 *   roomlost: {room: string, error: SkaldError}, signedout: SkaldError, error: SkaldError}>}
 */
export class SkaldClient extends Emitter {
  /** The user's name as the server writes it, while it is known: from the first `ready` to the end. @type {string | undefined} */
  username;
  /** What the server allows. */
  limits = frames.defaultLimits;

  #session;
  #changes;
  #connector;
  #rooms;
  /** @type {import("./connection.js").Connection | undefined} */ #connection;

  /**
   * @param {import("./session.js").Session} session signed in by the time connect() is called
   * @param {object} [options]
   * @param {any} [options.WebSocket] a constructor; Node has one of its own from version 22
   * @param {import("./outbox.js").OutboxStorage} [options.storage] where unsent messages outlive the page
   * @param {import("./clock.js").Clock} [options.clock]
   * @param {() => number} [options.random]
   * @param {typeof onWake} [options.onWake] how the platform tells that the network has gone or come back; browsers are known
   */
  constructor(session, options = {}) {
    super();
    const { WebSocket = globalThis.WebSocket, storage, clock = systemClock, random = Math.random, onWake: watch = onWake } = options;
    need({ WebSocket, "crypto.getRandomValues": globalThis.crypto?.getRandomValues },
      "Node before 22 needs `new SkaldClient(session, { WebSocket })` from the package ws, " +
      "React Native the package react-native-get-random-values.");
    this.#session = session;
    /** Rooms that are there, to find, make and read. */
    this.directory = new RoomDirectory(session);
    this.outbox = new Outbox({ clock, random, storage });
    this.#changes = new Changes({ clock, random });
    this.#rooms = new JoinedRooms({
      session,
      changes: this.#changes,
      onNew: (room) => {
        room.on("message", (message) => this.emit("message", message));
        room.on("entry", (entry) => this.emit("entry", entry));
        room.on("signal", (signal) => this.emit("signal", signal));
        room.on("positionlost", (lost) => this.emit("positionlost", lost));
      },
      onLost: (lost) => this.emit("roomlost", lost),
      onSettled: (resumed) => this.#onSettled(resumed),
      onStuck: () => this.#connector.replace(),
    });
    this.#connector = new Connector({
      session,
      WebSocket,
      clock,
      random,
      onWake: watch,
      onState: (state) => this.emit("state", state),
      onReady: (connection, ready) => this.#onReady(connection, ready),
      onEntry: (entry) => this.#onEntry(entry),
      onSignal: (signal) => this.#rooms.hear(signal),
      onLeft: (left) => this.#rooms.onLeft(left),
      onError: (error) => this.emit("error", error),
      onDown: () => this.#onDown(),
      onSignedOut: (error) => this.#signedOut(error),
    });
    this.outbox.on("error", (error) => this.emit("error", error));
    if (session.username !== undefined) this.outbox.own(session.username);
    session.on("userchange", ({ username, reason }) => {
      if (username === undefined) this.#signedOut(reason ?? new SkaldError("signed_out", "The user has signed out."));
      else this.outbox.own(username);
    });
  }

  get state() {
    return this.#connector.state;
  }

  /** The joined rooms. */
  get rooms() {
    return this.#rooms.all;
  }

  /** Connects, and from then on stays connected. To be called again after a `closed`. */
  connect() {
    if (this.state.state !== "closed") return;
    if (this.#session.username !== undefined) this.outbox.own(this.#session.username);
    this.#connector.connect();
    // A listener may have closed it again.
    if (/** @type {string} */ (this.state.state) !== "closed") this.outbox.restore();
  }

  /** Ends the connection. Rooms are left, and promises of messages without an end are rejected. */
  close() {
    const wasOpen = this.#connector.shut();
    this.#abandon(new SkaldError("closed", "The client was closed."));
    if (this.#session.username !== undefined) this.outbox.own(this.#session.username);
    if (wasOpen) this.#connector.tellClosed("closed");
  }

  /** Does not wait any longer where it waits; else finds out soon whether the connection still holds. */
  wake() {
    this.#connector.wake();
  }

  /**
   * Enters a room: from now on, or after `since`. A joined room is used by one more; it keeps its position.
   * @param {string} name
   * @param {object} [options]
   * @param {number} [options.since]
   * @param {string} [options.epoch]
   * @param {(message: frames.ChatMessage) => void} [options.onMessage] hears every message until `leave()` of what is returned; a
   *   listener added when the promise has resolved may come too late for the first ones
   * @returns {import("./joined-rooms.js").Joining} waits for a connection; rejected where the room cannot be entered
   */
  join(name, options = {}) {
    return this.#rooms.join(name, options);
  }

  /** Leaves a room for all who use it; `leave()` of what join() returned ends one use. @param {string} name */
  leave(name) {
    this.#rooms.leave(name);
  }

  /**
   * Sends a message, now or when there is a connection, and once whatever happens in between. The room need not be joined.
   * @param {string} room
   * @param {string} text
   * @param {{client_msg_id?: string}} [options]
   */
  send(room, text, { client_msg_id } = {}) {
    return this.outbox.add(room, text, client_msg_id);
  }

  /** @param {string} room @param {Parameters<typeof readHistory>[2]} [page] */
  history(room, page) {
    return readHistory(this.#session, room, page);
  }

  /** @param {import("./connection.js").Connection} connection @param {frames.ReadyFrame} ready */
  #onReady(connection, ready) {
    const { username } = ready.user;
    // An application's own token may be another user's than the one before: nothing is sent or resumed as this one.
    if (!this.outbox.own(username)) return this.#signedOut(new SkaldError("signed_out", `The token is now ${username}'s.`));
    this.limits = this.outbox.limits = this.#changes.limits = ready.limits;
    this.username = username;
    if (!this.#connector.tellReady(connection)) return;
    this.#connection = connection;
    this.#rooms.enter(connection, ready.limits);
    this.outbox.restore();
  }

  /** @param {frames.LogEntry} entry */
  #onEntry(entry) {
    const own = "username" in entry && entry.username === this.username;
    if (entry.type === "chat_message" && own) this.outbox.settle(entry);
    this.#rooms.take(entry, own);
  }

  // The outbox waits for the rooms: what was in flight when the connection broke may come with them, and is then stored.
  /** @param {import("./joined-rooms.js").Resumed | undefined} resumed */
  #onSettled(resumed) {
    const connection = this.#connection;
    if (!connection) return;
    /** @type {import("./outbox.js").Request} */
    const request = (command, onAnswer) => connection.request(command, onAnswer);
    this.outbox.open(request);
    this.#changes.open(request);
    if (resumed) this.emit("resumed", resumed);
  }

  #onDown() {
    this.#connection = undefined;
    this.outbox.pause();
    this.#changes.pause();
    this.#rooms.pause();
  }

  /** @param {SkaldError} error */
  #signedOut(error) {
    const wasOpen = this.#connector.shut();
    this.#abandon(new SkaldError("signed_out", "The session has ended."));
    if (!wasOpen) return;
    this.#connector.tellClosed("signed_out");
    this.emit("signedout", error);
  }

  /** @param {SkaldError} error */
  #abandon(error) {
    this.username = undefined;
    this.outbox.abandon(error);
    this.#changes.abandon(error);
    this.#rooms.abandon(error);
  }
}
