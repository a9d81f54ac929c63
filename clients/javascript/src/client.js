import { Backoff } from "./backoff.js";
import { systemClock } from "./clock.js";
import { closeCodes, mayReconnect } from "./codes.js";
import { Connection } from "./connection.js";
import { SkaldError } from "./errors.js";
import { Emitter } from "./events.js";
import * as frames from "./frames.js";
import { readHistory } from "./history.js";
import { Outbox } from "./outbox.js";
import { need } from "./platform.js";
import { isRoomName, Room } from "./room.js";
import { onWake } from "./wake.js";

/**
 * @typedef {{state: "connecting"} | {state: "ready"} | {state: "closed", reason: string, code?: number}
 *   | {state: "reconnecting", attempt: number, delay: number}} ConnectionState
 * @typedef {{missed: number, rooms: Map<string, number>, lost: string[]}} Resumed how many messages of other people came
 *   late, in all and by room, and the rooms whose position was lost
 *
 * @typedef {{room: Room, entered: Promise<Room>, resolve: (room: Room) => void, reject: (error: SkaldError) => void}} Membership
 */

// A connection that held this long was a good one: its end is no reason to wait longer than at first.
const steady = 5_000;

/**
 * A user's live presence at a server over as many connections as it takes: joined rooms go on where they were, and
 * messages wait in the outbox.
 *
 * Events: `state` with each ConnectionState; `message` for every joined room's; `positionlost` as Room has it; `resumed` once
 * all rooms have caught up after a reconnect; `roomlost` when a joined room cannot be entered again; `signedout` when the
 * session has ended; `error` for an error that belongs to no command.
 * @extends {Emitter<{state: ConnectionState, message: frames.ChatMessage, positionlost: import("./room.js").PositionLost,
 *   resumed: Resumed, roomlost: {room: string, error: SkaldError}, signedout: SkaldError, error: SkaldError}>}
 */
export class SkaldClient extends Emitter {
  /** @type {ConnectionState} */
  state = { state: "closed", reason: "" };
  /** The user's name as the server writes it, from the first `ready` on. @type {string | undefined} */
  username;
  /** What the server allows. */
  limits = frames.defaultLimits;

  #session;
  #WebSocket;
  #clock;
  #backoff;
  #onWake;
  #stopWatching = () => {};
  /** @type {Connection | undefined} */ #connection;
  /** @type {any} */ #retryTimer;
  // Tells an attempt that was overtaken while it waited for its token.
  #attempt = 0;
  #everReady = false;
  #readyAt = 0;
  #renewFirst = false;
  #renewedSinceReady = false;
  /** @type {Map<string, Membership>} */ #memberships = new Map();
  /** Rooms whose `joined` is still to come. @type {Set<Room>} */ #entering = new Set();
  /** Rooms that are read up to where they were at `joined`. @type {Map<Room, number>} */ #catchingUp = new Map();
  /** @type {Resumed | undefined} */ #resumed;
  /** Rooms in which a gap showed and no message has come since. @type {Set<Room>} */ #stuck = new Set();

  /**
   * @param {import("./session.js").Session} session signed in by the time connect() is called
   * @param {object} [options]
   * @param {any} [options.WebSocket] a constructor; Node has one of its own from version 22
   * @param {import("./outbox.js").OutboxStorage} [options.storage] where unsent messages outlive the page
   * @param {import("./clock.js").Clock} [options.clock]
   * @param {() => number} [options.random]
   * @param {typeof onWake} [options.onWake]
   */
  constructor(session, { WebSocket = globalThis.WebSocket, storage, clock = systemClock, random = Math.random, onWake: watch = onWake } = {}) {
    super();
    const { crypto } = globalThis;
    need({ WebSocket, "crypto.getRandomValues": crypto?.getRandomValues }, "Node before 22 needs `new SkaldClient(session, { WebSocket })` from the package ws, React Native the package react-native-get-random-values.");
    this.#session = session;
    this.#WebSocket = WebSocket;
    this.#clock = clock;
    this.#onWake = watch;
    this.#backoff = new Backoff(random);
    this.outbox = new Outbox({ clock, random, storage });
    this.outbox.on("error", (error) => this.emit("error", error));
    if (session.username !== undefined) this.outbox.own(session.username);
    session.on("userchange", ({ username, reason }) => {
      if (username === undefined) this.#signedOut(reason ?? new SkaldError("signed_out", "The user has signed out."));
      else this.outbox.own(username);
    });
  }

  /** The joined rooms. @returns {Room[]} */
  get rooms() {
    return Array.from(this.#memberships.values(), ({ room }) => room);
  }

  /** Connects, and from then on stays connected. To be called again after a `closed`. */
  connect() {
    if (this.state.state !== "closed") return;
    if (this.#session.username !== undefined) this.outbox.own(this.#session.username);
    this.outbox.restore();
    this.#stopWatching = this.#onWake(() => this.wake());
    this.#setState({ state: "connecting" });
    this.#open();
  }

  /** Ends the connection. Rooms are left, and promises of messages without an end are rejected. */
  close() {
    this.#shut({ state: "closed", reason: "closed" });
    this.#abandon(new SkaldError("closed", "The client was closed."));
  }

  /** Does not wait any longer where it waits; else finds out soon whether the connection still holds. */
  wake() {
    this.#connection?.probe();
    if (this.state.state !== "reconnecting" || this.#retryTimer === undefined) return;
    this.#setState({ ...this.state, delay: 0 });
    this.#open();
  }

  /**
   * Enters a room: from now on, or after `since`. Joining a joined room is no error.
   * @param {string} name
   * @param {object} [options]
   * @param {number} [options.since]
   * @param {string} [options.epoch]
   * @param {(message: frames.ChatMessage) => void} [options.onMessage] hears every message; a listener added when the promise
   *   has resolved may come too late for the first ones
   * @returns {Promise<Room>} waits for a connection; rejected where the room cannot be entered
   */
  join(name, { since, epoch, onMessage } = {}) {
    const known = this.#memberships.get(name);
    if (known) {
      if (onMessage) known.room.on("message", onMessage);
      return known.entered;
    }
    if (!isRoomName(name)) {
      return Promise.reject(new SkaldError("room_not_found", "A room's name has 1 to 100 letters, digits, _ or -."));
    }
    const room = new Room(this.#session, name, { since, epoch });
    if (onMessage) room.on("message", onMessage);
    room.on("message", (message) => this.emit("message", message));
    room.on("positionlost", (lost) => this.emit("positionlost", lost));
    const membership = /** @type {Membership} */ ({ room });
    membership.entered = new Promise((resolve, reject) => Object.assign(membership, { resolve, reject }));
    this.#memberships.set(name, membership);
    if (this.state.state === "ready") this.#enter(room);
    return membership.entered;
  }

  /** @param {string} name */
  leave(name) {
    const membership = this.#memberships.get(name);
    if (!membership) return;
    this.#drop(membership, new SkaldError("closed", "The room was left."));
    if (this.state.state !== "ready") return;
    this.#connection?.request(frames.leave({ room: name }), () => {});
    this.#settleIn();
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

  async #open() {
    this.#clock.clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    const attempt = ++this.#attempt;
    let token;
    try {
      token = this.#renewFirst ? await this.#session.renew() : await this.#session.accessToken();
    } catch (error) {
      if (attempt !== this.#attempt || this.state.state === "closed") return;
      if (this.#session.signedIn) this.#retry(error instanceof SkaldError ? error.retryAfterMs : undefined);
      else this.#signedOut(/** @type {SkaldError} */ (error));
      return;
    }
    if (attempt !== this.#attempt) return;
    if (this.#renewFirst) this.#renewedSinceReady = true;
    this.#renewFirst = false;
    this.#connection = new Connection({
      url: socketUrl(this.#session.server),
      token,
      WebSocket: this.#WebSocket,
      clock: this.#clock,
      onReady: (ready) => this.#onReady(ready),
      onMessage: (message) => this.#onMessage(message),
      onError: (error) => this.emit("error", error),
      onEnd: (end) => this.#onEnd(end),
    });
  }

  /** @param {frames.ReadyFrame} ready */
  #onReady(ready) {
    const { username } = ready.user;
    // An application's own token may be another user's than the one before: nothing is sent or resumed as this one.
    if (!this.outbox.own(username)) return this.#signedOut(new SkaldError("signed_out", `The token is now ${username}'s.`));
    this.outbox.restore();
    this.limits = this.outbox.limits = ready.limits;
    this.username = username;
    this.#readyAt = this.#clock.now();
    this.#renewedSinceReady = false;
    if (this.#everReady) this.#resumed ??= { missed: 0, rooms: new Map(), lost: [] };
    this.#everReady = true;
    this.#setState({ state: "ready" });
    this.#enterAll();
    this.#settleIn();
  }

  /** @param {import("./connection.js").End} end */
  #onEnd({ code, reason, reconnectAfterMs }) {
    this.#disconnected();
    if (code === closeCodes.token_not_valid) {
      // Renewed a moment ago and still not taken: the session is over, whatever its tokens say.
      if (this.#renewedSinceReady) {
        const over = new SkaldError("token_not_valid", "The session has ended.");
        this.#session.end(over);
        return this.#signedOut(over);
      }
      this.#renewFirst = true;
    } else if (!mayReconnect(code)) {
      return this.#shut({ state: "closed", reason: reason || String(code), code });
    }
    this.#retry(reconnectAfterMs);
  }

  /** @param {number} [wish] */
  #retry(wish) {
    const delay = this.#backoff.next(wish);
    this.#retryTimer = this.#clock.setTimeout(() => this.#open(), delay);
    this.#setState({ state: "reconnecting", attempt: this.#backoff.attempt, delay });
  }

  #disconnected() {
    if (this.state.state === "ready" && this.#clock.now() - this.#readyAt >= steady) this.#backoff.reset();
    this.#connection = undefined;
    this.outbox.pause();
    this.#entering.clear();
    this.#catchingUp.clear();
    this.#stuck.clear();
    for (const { room } of this.#memberships.values()) room.live = false;
  }

  /** @param {SkaldError} error */
  #signedOut(error) {
    const wasOpen = this.state.state !== "closed";
    this.#shut({ state: "closed", reason: "signed_out" });
    this.#abandon(new SkaldError("signed_out", "The session has ended."));
    if (wasOpen) this.emit("signedout", error);
  }

  /** @param {ConnectionState} closed */
  #shut(closed) {
    this.#attempt++;
    this.#clock.clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#stopWatching();
    this.#connection?.close();
    this.#disconnected();
    this.#backoff.reset();
    this.#renewFirst = this.#renewedSinceReady = false;
    if (this.state.state !== "closed") this.#setState(closed);
  }

  /** @param {SkaldError} error */
  #abandon(error) {
    this.#everReady = false;
    this.username = undefined;
    this.#resumed = undefined;
    this.outbox.abandon(error);
    for (const membership of this.#memberships.values()) this.#drop(membership, error);
  }

  #enterAll() {
    /** @type {Map<string | undefined, Room[]>} */
    const known = new Map();
    for (const { room } of this.#memberships.values()) {
      if (room.cursor === undefined) this.#enter(room);
      else known.set(room.epoch, [...(known.get(room.epoch) ?? []), room]);
    }
    for (const [epoch, rooms] of known) {
      for (const part of inFrames(rooms, epoch, this.limits.frame_bytes)) this.#resume(part, epoch);
    }
  }

  /** @param {Room} room */
  #enter(room) {
    room.live = false;
    this.#entering.add(room);
    const command = frames.join({ room: room.name, since: room.cursor, epoch: room.epoch });
    this.#connection?.request(command, (answer) => this.#onEntered(room, answer));
  }

  /** @param {Room[]} rooms @param {string} [epoch] */
  #resume(rooms, epoch) {
    for (const room of rooms) this.#entering.add(room);
    const answered = (/** @type {frames.ServerFrame} */ answer) => {
      const about = "room" in answer ? rooms.filter((room) => room.name === answer.room) : rooms;
      for (const room of about) this.#onEntered(room, answer);
    };
    this.#connection?.request(resumeOf(rooms, epoch), answered, rooms.length);
  }

  /** @param {Room} room @param {frames.ServerFrame} answer */
  #onEntered(room, answer) {
    const membership = this.#memberships.get(room.name);
    this.#entering.delete(room);
    if (membership?.room === room) {
      if (answer.type === "joined") this.#onJoined(membership, answer);
      else if (answer.type === "error") this.#onNotEntered(membership, SkaldError.fromFrame(answer));
    }
    this.#settleIn();
  }

  /** @param {Membership} membership @param {frames.JoinedFrame} joined */
  #onJoined({ room, resolve }, joined) {
    if (!room.enter(joined)) this.#resumed?.lost.push(room.name);
    else if (this.#resumed && joined.since < joined.seq) this.#catchingUp.set(room, joined.seq);
    resolve(room);
  }

  /** @param {Membership} membership @param {SkaldError} error */
  #onNotEntered(membership, error) {
    const { room } = membership;
    if (error.retryable) {
      this.#connection?.later(error.retryAfterMs ?? 1_000, () => {
        if (this.#memberships.get(room.name) === membership) this.#enter(room);
      });
      return;
    }
    this.#drop(membership, error);
    this.emit("roomlost", { room: room.name, error });
  }

  /** @param {Membership} membership @param {SkaldError} error */
  #drop({ room, reject }, error) {
    this.#memberships.delete(room.name);
    this.#entering.delete(room);
    this.#catchingUp.delete(room);
    room.live = false;
    reject(error);
  }

  /** @param {frames.ChatMessage} message */
  #onMessage(message) {
    if (message.username === this.username) this.outbox.settle(message);
    const room = this.#memberships.get(message.room)?.room;
    switch (room?.take(message)) {
      case "next":
        return this.#onNext(/** @type {Room} */ (room), message);
      case "gap":
        return this.#onGap(/** @type {Room} */ (room));
    }
  }

  /** @param {Room} room @param {frames.ChatMessage} message */
  #onNext(room, message) {
    this.#stuck.delete(room);
    const end = this.#catchingUp.get(room);
    if (end === undefined || !this.#resumed) return;
    if (message.username !== this.username) {
      this.#resumed.missed++;
      this.#resumed.rooms.set(room.name, (this.#resumed.rooms.get(room.name) ?? 0) + 1);
    }
    if (message.seq >= end) this.#catchingUp.delete(room);
    this.#settleIn();
  }

  // A hole never reaches the application: the room goes back to its cursor and is given everything after it.
  /** @param {Room} room */
  #onGap(room) {
    if (this.#stuck.has(room)) {
      // Asking again brought the same hole; perhaps another connection, to another node, does better.
      this.#connection?.close(closeCodes.position_lost);
      this.#disconnected();
      this.#retry();
      return;
    }
    this.#stuck.add(room);
    this.#enter(room);
  }

  // The outbox waits for the rooms: what was in flight when the connection broke may come with them, and is then stored.
  #settleIn() {
    const connection = this.#connection;
    if (!connection || this.state.state !== "ready" || this.#entering.size > 0 || this.#catchingUp.size > 0) return;
    const resumed = this.#resumed;
    this.#resumed = undefined;
    this.outbox.open((command, onAnswer) => connection.request(command, onAnswer));
    if (resumed) this.emit("resumed", resumed);
  }

  /** @param {ConnectionState} state */
  #setState(state) {
    this.state = state;
    this.emit("state", state);
  }
}

/** @param {string} server */
const socketUrl = (server) => `${server.replace(/^http/i, "ws")}ws/`;

/** @param {Room[]} rooms @param {string} [epoch] */
function resumeOf(rooms, epoch) {
  const positions = rooms.map((room) => [room.name, room.cursor]);
  return frames.resume({ epoch, rooms: Object.fromEntries(positions) });
}

/**
 * As few parts as fit into a frame each; with the server's usual limits that is one.
 * @param {Room[]} rooms @param {string | undefined} epoch @param {number} frameBytes
 * @returns {Room[][]}
 */
function inFrames(rooms, epoch, frameBytes) {
  const length = frames.writeFrame(resumeOf(rooms, epoch)).length;
  if (rooms.length === 1 || length <= frameBytes - 64) return [rooms];
  const half = rooms.length >> 1;
  return [...inFrames(rooms.slice(0, half), epoch, frameBytes), ...inFrames(rooms.slice(half), epoch, frameBytes)];
}
