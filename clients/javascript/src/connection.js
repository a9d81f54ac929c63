import { SkaldError } from "./errors.js";
import * as frames from "./frames.js";

/**
 * @typedef {{code: number, reason: string, opened: boolean, reconnectAfterMs?: number}} End
 * @typedef {object} ConnectionOptions
 * @property {string} url
 * @property {string} token
 * @property {typeof globalThis.WebSocket} WebSocket
 * @property {import("./clock.js").Clock} clock
 * @property {(ready: frames.ReadyFrame) => void} onReady
 * @property {(entry: frames.LogEntry) => void} onEntry the two types of frames that move a room's cursor
 * @property {(signal: frames.Signal) => void} onSignal
 * @property {(left: frames.LeftFrame) => void} onLeft the server has ended the reading of a room
 * @property {(error: SkaldError) => void} onError an error that no command here asked for
 * @property {(end: End) => void} onEnd told once, and nothing after it
 *
 * @typedef {{onAnswer: (answer: frames.ServerFrame) => void, left: number, since: number}} Awaited
 */

const timeToReady = 10_000;
const timeToPong = 10_000;
const timeToPongWhenWoken = 5_000;
const timeToAnswer = 30_000;
const timeToClose = 2_000;
const usualPingInterval = 15_000;
const lost = 1006;

/**
 * One socket, from opening to end; it never comes back. It knows nothing of rooms: SkaldClient does, and makes the next
 * connection.
 */
export class Connection {
  /** @type {ConnectionOptions} */ #options;
  #socket;
  #lastId = 0;
  /** @type {Map<frames.Id, Awaited>} oldest first */ #awaited = new Map();
  /** @type {Set<any>} */ #timers = new Set();
  /** @type {frames.ClosingFrame | undefined} */ #closing;
  #ready = false;
  #opened = false;
  #ended = false;
  #lastFrameAt = 0;
  /** @type {number | undefined} */ #pongDue;
  #pingInterval = usualPingInterval;
  /** @type {any} */ #watch;

  /** @param {ConnectionOptions} options */
  constructor(options) {
    this.#options = options;
    this.later(timeToReady, () => {
      if (!this.#ready) this.#finish({ code: lost, reason: "The server did not answer in time." });
    });
    this.#socket = new options.WebSocket(options.url);
    // As the first frame the token is in no URL, and so in no log.
    this.#socket.onopen = () => {
      this.#opened = true;
      this.#write(frames.auth({ id: this.#nextId(), token: options.token }));
    };
    this.#socket.onmessage = ({ data }) => this.#onMessage(data);
    this.#socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    // A close follows each error and says more. But without a listener Node's ws would throw.
    this.#socket.onerror = () => {};
  }

  /**
   * @param {frames.Command} command
   * @param {(answer: frames.ServerFrame) => void} onAnswer
   * @param {number} [answers] how many come; an error about the whole command is the last in any case
   */
  request(command, onAnswer, answers = 1) {
    if (this.#ended || this.#closing) return;
    const id = this.#nextId();
    this.#awaited.set(id, { onAnswer, left: answers, since: this.#now() });
    this.#write({ ...command, id });
  }

  /** Says something that needs no answer. @param {frames.Command} command */
  tell(command) {
    if (!this.#ended && !this.#closing) this.#write(command);
  }

  /** Runs an action in a while, unless the connection has ended by then. @param {number} ms @param {() => void} action */
  later(ms, action) {
    /** @type {any} */
    const timer = this.#options.clock.setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  /** Finds out soon whether the peer is still there. @param {() => void} [alive] called if it answers */
  probe(alive = () => {}) {
    if (this.#ready && !this.#ended) this.#ping(timeToPongWhenWoken, alive);
  }

  /** Ends it from this side; onEnd is not told. @param {number} [code] */
  close(code = 1000) {
    this.#end();
    this.#socket.close(code);
  }

  /** @param {unknown} data */
  #onMessage(data) {
    this.#lastFrameAt = this.#now();
    // Any frame shows that the peer is there; its pong may have to wait behind a long catch-up.
    this.#pongDue = undefined;
    const frame = frames.readFrame(data);
    if (!frame) return this.#finish({ code: lost, reason: "The server sent something that is no frame." });
    if (frames.movesCursor(frame)) return this.#options.onEntry(frame);
    switch (frame.type) {
      case "ready":
        return this.#onReady(frame);
      case "signal":
        return this.#options.onSignal(frame);
      case "closing":
        this.#closing = frame;
        this.later(timeToClose, () => this.#finish({ code: frame.code, reason: frame.reason }));
        return;
      default:
        return this.#onAnswer(frame);
    }
  }

  /** @param {frames.ReadyFrame} frame */
  #onReady(frame) {
    if (this.#ready) return;
    this.#ready = true;
    if (frame.ping_interval > 0) this.#pingInterval = frame.ping_interval;
    this.#watchNext();
    this.#options.onReady(frame);
  }

  /** @param {Exclude<frames.ServerFrame, frames.ClosingFrame | frames.LogEntry | frames.Signal>} frame */
  #onAnswer(frame) {
    const re = "re" in frame ? frame.re : undefined;
    const awaited = re === undefined ? undefined : this.#awaited.get(re);
    if (re === undefined || !awaited) {
      if (frame.type === "error") this.#options.onError(SkaldError.fromFrame(frame));
      else if (frame.type === "left") this.#options.onLeft(frame);
      return;
    }
    awaited.left--;
    if (awaited.left === 0 || (frame.type === "error" && frame.room === undefined)) this.#awaited.delete(re);
    awaited.onAnswer(frame);
  }

  // A page does not see the pings of the WebSocket protocol, so where it hears nothing it has to ask.
  #watchNext() {
    const due = this.#pongDue ?? this.#lastFrameAt + this.#pingInterval;
    this.#options.clock.clearTimeout(this.#watch);
    this.#timers.delete(this.#watch);
    this.#watch = this.later(due - this.#now(), () => this.#check());
  }

  #check() {
    const now = this.#now();
    const [oldest] = this.#awaited.values();
    if (this.#pongDue !== undefined) {
      if (now >= this.#pongDue) return this.#finish({ code: lost, reason: "The server has gone silent." });
    } else if (oldest && now - oldest.since >= timeToAnswer) {
      return this.#finish({ code: lost, reason: "The server left a command unanswered." });
    } else if (now - this.#lastFrameAt >= this.#pingInterval) {
      return this.#ping(timeToPong);
    }
    this.#watchNext();
  }

  /** @param {number} patience @param {() => void} [onPong] */
  #ping(patience, onPong = () => {}) {
    this.#pongDue = Math.min(this.#pongDue ?? Infinity, this.#now() + patience);
    this.request(frames.ping(), onPong);
    this.#watchNext();
  }

  /** @param {number} code @param {string} reason */
  #closed(code, reason) {
    // The socket may break before its close frame is through; what `closing` said still holds.
    const why = this.#closing ?? { code, reason };
    this.#finish({ code: why.code, reason: why.reason || reason });
  }

  /** @param {{code: number, reason: string}} end */
  #finish(end) {
    if (this.#ended) return;
    this.#end();
    this.#socket.close();
    this.#options.onEnd({ ...end, opened: this.#opened, reconnectAfterMs: this.#closing?.reconnect_after_ms });
  }

  #end() {
    this.#ended = true;
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
    this.#timers.clear();
    this.#awaited.clear();
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
  }

  /** @param {frames.Command} command */
  #write(command) {
    this.#socket.send(frames.writeFrame(command));
  }

  #nextId() {
    return ++this.#lastId;
  }

  #now() {
    return this.#options.clock.now();
  }
}
