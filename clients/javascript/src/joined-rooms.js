import { SkaldError } from "./errors.js";
import * as frames from "./frames.js";
import { Room } from "./room.js";
import { isRoomName } from "./room-names.js";

/**
 * @typedef {{missed: number, rooms: Map<string, number>, lost: string[]}} Resumed how many messages of other people came
 *   late, in all and by room, and the rooms whose position was lost
 * @typedef {Promise<Room> & {leave: () => void}} Joining `leave` ends this use of the room, also before it is entered; the room
 *   itself is left when nobody uses it any more
 *
 * @typedef {{room: Room, users: Set<object>, entered: Promise<Room>, resolve: (room: Room) => void,
 *   reject: (error: SkaldError) => void}} Membership
 *
 * @typedef {object} JoinedRoomsOptions
 * @property {import("./session.js").Session} session
 * @property {import("./changes.js").Changes} changes
 * @property {(room: Room) => void} onNew
 * @property {(lost: {room: string, error: SkaldError}) => void} onLost a joined room cannot be entered again
 * @property {(resumed: Resumed | undefined) => void} onSettled all rooms are where the log is
 * @property {() => void} onStuck another connection may do better
 */

const usualWait = 1_000;

/** The rooms a user has joined, and on each connection the way back into all of them. */
export class JoinedRooms {
  #options;
  /** @type {Map<string, Membership>} */ #memberships = new Map();
  /** @type {import("./connection.js").Connection | undefined} */ #connection;
  #frameBytes = 0;
  /** Rooms whose `joined` is still to come. @type {Set<Room>} */ #entering = new Set();
  /** Rooms that the server has asked to enter later; all of them are tried by one command. @type {Set<Room>} */ #putOff = new Set();
  /** @type {any} */ #putOffTimer;
  /** Rooms that are read up to where they were at `joined`. @type {Map<Room, number>} */ #catchingUp = new Map();
  /** How often a room's next entry was asked for in vain. @type {Map<Room, number>} */ #holes = new Map();
  /** @type {Resumed | undefined} */ #resumed;
  #wasSettled = false;

  /** @param {JoinedRoomsOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @returns {Room[]} */
  get all() {
    return Array.from(this.#memberships.values(), ({ room }) => room);
  }

  /**
   * @param {string} name
   * @param {{since?: number, epoch?: string, onMessage?: (message: frames.ChatMessage) => void}} options
   * @returns {Joining}
   */
  join(name, { since, epoch, onMessage }) {
    if (!isRoomName(name)) {
      const refused = Promise.reject(new SkaldError("room_not_found", "A room's name has 1 to 100 letters, digits, _ or -."));
      return Object.assign(refused, { leave() {} });
    }
    const membership = this.#memberships.get(name) ?? this.#add(new Room(this.#surroundings, name, { since, epoch }));
    const user = {};
    membership.users.add(user);
    const stop = onMessage ? membership.room.on("message", onMessage) : () => {};
    const entered = membership.entered.then((room) => room);
    const leave = () => {
      stop();
      if (!membership.users.delete(user)) return;
      // Who leaves does not want to hear that it was not entered.
      entered.catch(() => {});
      if (membership.users.size === 0 && this.#memberships.get(name) === membership) this.leave(name);
    };
    return Object.assign(entered, { leave });
  }

  /** @param {string} name */
  leave(name) {
    const membership = this.#memberships.get(name);
    if (!membership) return;
    this.#drop(membership, new SkaldError("closed", "The room was left."));
    this.#connection?.request(frames.leave({ room: name }), () => {});
    this.#settle();
  }

  /** Goes back into every room. @param {import("./connection.js").Connection} connection @param {frames.Limits} limits */
  enter(connection, limits) {
    this.#connection = connection;
    this.#frameBytes = limits.frame_bytes;
    if (this.#wasSettled) this.#resumed ??= { missed: 0, rooms: new Map(), lost: [] };
    this.#wasSettled = true;
    this.#resumeAll(this.all);
    this.#settle();
  }

  /** The connection is gone. */
  pause() {
    this.#connection = undefined;
    this.#entering.clear();
    this.#putOff.clear();
    this.#putOffTimer = undefined;
    this.#catchingUp.clear();
    for (const { room } of this.#memberships.values()) room.live = false;
  }

  /** @param {SkaldError} error */
  abandon(error) {
    this.#wasSettled = false;
    this.#resumed = undefined;
    this.#holes.clear();
    for (const membership of this.#memberships.values()) this.#drop(membership, error);
  }

  /** @param {frames.Signal} signal */
  hear(signal) {
    const room = this.#memberships.get(signal.room)?.room;
    if (room?.live) room.emit("signal", signal);
  }

  /**
   * The server has ended the reading of a room: it was closed to this user, or to everybody who is no member. Whether it may be gone on
   * with, the server says.
   * @param {frames.LeftFrame} left
   */
  onLeft(left) {
    const room = this.#memberships.get(left.room)?.room;
    if (room) this.#enter(room);
  }

  /** @param {frames.LogEntry} entry @param {boolean} own whether it is this user's */
  take(entry, own) {
    const room = this.#memberships.get(entry.room)?.room;
    if (!room) return;
    const taken = room.take(entry);
    if (taken === "next") this.#onNext(room, entry, own);
    else if (taken === "gap") this.#onGap(room, entry, own);
  }

  /** What a room needs of the client it is in. */
  get #surroundings() {
    const { session, changes } = this.#options;
    return { session, changes, tell: (/** @type {frames.Command} */ command) => this.#connection?.tell(command) };
  }

  /** @param {Room} room */
  #add(room) {
    const membership = /** @type {Membership} */ ({ room, users: new Set() });
    membership.entered = new Promise((resolve, reject) => Object.assign(membership, { resolve, reject }));
    // Whoever joins has a promise of their own.
    membership.entered.catch(() => {});
    this.#memberships.set(room.name, membership);
    this.#options.onNew(room);
    this.#enter(room);
    return membership;
  }

  /** @param {Room} room */
  #enter(room) {
    room.live = false;
    if (!this.#connection) return;
    this.#entering.add(room);
    const command = frames.join({ room: room.name, since: room.cursor, epoch: room.epoch });
    this.#connection.request(command, (answer) => this.#onEntered(room, answer));
  }

  /** As few commands as can be: one for each log, and one more where it would not fit into a frame. @param {Room[]} rooms */
  #resumeAll(rooms) {
    /** @type {Map<string | undefined, Room[]>} */
    const byLog = new Map();
    const anew = rooms.filter(({ cursor }) => cursor === undefined);
    for (const room of rooms) {
      if (room.cursor !== undefined) byLog.set(room.epoch, [...(byLog.get(room.epoch) ?? []), room]);
    }
    if (rooms.length === 1 && anew.length === 1) return this.#enter(anew[0]);
    // Those that start from now on have no log yet; they go along with any others.
    const [first] = byLog.keys();
    if (anew.length > 0) byLog.set(first, [...(byLog.get(first) ?? []), ...anew]);
    for (const [epoch, together] of byLog) {
      for (const part of inFrames(together, epoch, this.#frameBytes)) this.#resume(part, epoch);
    }
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
      else if (answer.type === "error") this.#onNotEntered(membership, SkaldError.fromFrame(/** @type {frames.ErrorFrame} */ (answer)));
    }
    this.#settle();
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
    if (!error.retryable) {
      this.#drop(membership, error);
      this.#options.onLost({ room: room.name, error });
      return;
    }
    this.#putOff.add(room);
    // Whichever wait ends first is the one that all go by: who is refused again is put off again.
    this.#putOffTimer ??= this.#connection?.later(error.retryAfterMs ?? usualWait, () => {
      this.#putOffTimer = undefined;
      const rooms = [...this.#putOff];
      this.#putOff.clear();
      this.#resumeAll(rooms);
    });
  }

  /** @param {Membership} membership @param {SkaldError} error */
  #drop({ room, reject }, error) {
    this.#memberships.delete(room.name);
    for (const rooms of [this.#entering, this.#putOff, this.#catchingUp, this.#holes]) rooms.delete(room);
    room.live = false;
    reject(error);
  }

  /** @param {Room} room @param {frames.LogEntry} entry @param {boolean} own */
  #onNext(room, entry, own) {
    this.#holes.delete(room);
    const end = this.#catchingUp.get(room);
    if (end === undefined || !this.#resumed) return;
    if (entry.type === "chat_message" && !own) {
      this.#resumed.missed++;
      this.#resumed.rooms.set(room.name, (this.#resumed.rooms.get(room.name) ?? 0) + 1);
    }
    if (entry.seq >= end) this.#catchingUp.delete(room);
    this.#settle();
  }

  /**
   * A hole is not passed over in silence: the room goes back to its cursor and is given everything after it. Where the same
   * hole comes again another connection is tried, and where that does no better the application is told that it is there.
   * @param {Room} room @param {frames.LogEntry} entry @param {boolean} own
   */
  #onGap(room, entry, own) {
    const tries = this.#holes.get(room) ?? 0;
    this.#holes.set(room, tries + 1);
    if (tries === 0) return this.#enter(room);
    if (tries === 1) return this.#options.onStuck();
    room.skip(entry);
    this.take(entry, own);
  }

  #settle() {
    if (!this.#connection || this.#entering.size > 0 || this.#catchingUp.size > 0) return;
    const resumed = this.#resumed;
    this.#resumed = undefined;
    this.#options.onSettled(resumed);
  }
}

/** @param {Room[]} rooms @param {string} [epoch] */
function resumeOf(rooms, epoch) {
  const positions = rooms.map((room) => [room.name, room.cursor ?? null]);
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
