import { Backoff } from "./backoff.js";
import { closeCodes, mayReconnect } from "./codes.js";
import { Connection } from "./connection.js";
import { SkaldError } from "./errors.js";

/**
 * @typedef {{state: "connecting", offline?: true} | {state: "ready", offline?: true} | {state: "closed", reason: string, code?: number}
 *   | {state: "reconnecting", attempt: number, delay: number, offline?: true, reason?: "socket_blocked"}} ConnectionState `offline`: the
 *   platform says that there is no network, and the server has not shown otherwise
 *
 * @typedef {object} ConnectorOptions
 * @property {import("./session.js").Session} session
 * @property {any} WebSocket
 * @property {import("./clock.js").Clock} clock
 * @property {() => number} random
 * @property {typeof import("./wake.js").onWake} onWake
 * @property {(state: ConnectionState) => void} onState
 * @property {(connection: Connection, ready: import("./frames.js").ReadyFrame) => void} onReady
 * @property {(entry: import("./frames.js").LogEntry) => void} onEntry
 * @property {(signal: import("./frames.js").Signal) => void} onSignal
 * @property {(left: import("./frames.js").LeftFrame) => void} onLeft
 * @property {(error: SkaldError) => void} onError
 * @property {() => void} onDown the connection is gone, before the state says so
 * @property {(error: SkaldError) => void} onSignedOut
 */

// A connection that held this long was a good one: its end is no reason to wait longer than at first.
const steady = 5_000;
// So many sockets in a row that never opened are worth a question by HTTP.
const suspicious = 3;

/** Makes one connection after the other, for as long as it is wanted, and waits in between. */
export class Connector {
  /** @type {ConnectionState} */
  state = { state: "closed", reason: "" };

  #options;
  #clock;
  #backoff;
  #stopWatching = () => {};
  /** @type {Connection | undefined} */ #connection;
  /** @type {any} */ #retryTimer;
  // Changes whenever what was under way is overtaken. Who awaited something, or told a listener, compares it before going on.
  #attempt = 0;
  #readyAt = 0;
  #renewFirst = false;
  #renewedSinceReady = false;
  #offline = false;
  #neverOpened = 0;
  #blocked = false;

  /** @param {ConnectorOptions} options */
  constructor(options) {
    this.#options = options;
    this.#clock = options.clock;
    this.#backoff = new Backoff(options.random);
  }

  connect() {
    if (this.state.state !== "closed") return;
    this.#stopWatching = this.#options.onWake(() => this.#online(), () => this.#gone());
    this.#tellAndOpen({ state: "connecting" });
  }

  /**
   * Ends the connection and all attempts. The state is told by tellClosed(), after whatever else has to be let go of.
   * @returns {boolean} whether there was anything to end
   */
  shut() {
    this.#attempt++;
    this.#clock.clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#stopWatching();
    this.#connection?.close();
    this.#disconnected();
    this.#backoff.reset();
    this.#renewFirst = this.#renewedSinceReady = this.#offline = this.#blocked = false;
    this.#neverOpened = 0;
    const wasOpen = this.state.state !== "closed";
    if (wasOpen) this.state = { state: "closed", reason: "" };
    return wasOpen;
  }

  /** @param {string} reason @param {number} [code] */
  tellClosed(reason, code) {
    this.#setState({ state: "closed", reason, ...(code === undefined ? {} : { code }) });
  }

  /** Does not wait any longer where it waits; else finds out soon whether the connection still holds. */
  wake() {
    this.#connection?.probe();
    if (this.state.state === "reconnecting" && this.#retryTimer !== undefined) this.#tellAndOpen({ ...this.state, delay: 0 });
  }

  /** Leaves this connection for another one, perhaps to another node. */
  replace() {
    this.#connection?.close(closeCodes.position_lost);
    this.#disconnected();
    this.#retry();
  }

  #online() {
    this.#notOffline();
    this.wake();
  }

  // A socket does not notice for long that its network is gone; the platform does at once.
  #gone() {
    this.#offline = true;
    this.#connection?.probe(() => this.#notOffline());
    this.#setState(this.state);
  }

  #notOffline() {
    if (!this.#offline) return;
    this.#offline = false;
    if (this.state.state === "closed") return;
    const { offline, ...state } = this.state;
    this.#setState(state);
  }

  /** @param {ConnectionState} state */
  #tellAndOpen(state) {
    const attempt = ++this.#attempt;
    this.#clock.clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#setState(state);
    if (attempt === this.#attempt) this.#open();
  }

  async #open() {
    const { session, WebSocket, clock, onEntry, onSignal, onLeft, onError, onSignedOut } = this.#options;
    const attempt = ++this.#attempt;
    this.#retryTimer = undefined;
    let token;
    try {
      token = this.#renewFirst ? await session.renew() : await session.accessToken();
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (session.signedIn) this.#retry(error instanceof SkaldError ? error.retryAfterMs : undefined);
      else onSignedOut(/** @type {SkaldError} */ (error));
      return;
    }
    if (attempt !== this.#attempt) return;
    if (this.#renewFirst) this.#renewedSinceReady = true;
    this.#renewFirst = false;
    /** @type {Connection} */
    const connection = (this.#connection = new Connection({
      url: socketUrl(session.server),
      token,
      WebSocket,
      clock,
      onEntry,
      onSignal,
      onLeft,
      onError,
      onReady: (ready) => this.#onReady(connection, ready),
      onEnd: (end) => this.#onEnd(end),
    }));
  }

  /** @param {Connection} connection @param {import("./frames.js").ReadyFrame} ready */
  #onReady(connection, ready) {
    this.#readyAt = this.#clock.now();
    this.#renewedSinceReady = this.#offline = this.#blocked = false;
    this.#neverOpened = 0;
    this.#options.onReady(connection, ready);
  }

  /** Says that the connection is ready. @param {Connection} connection @returns {boolean} whether it still is after all have heard it */
  tellReady(connection) {
    this.#setState({ state: "ready" });
    return this.#connection === connection;
  }

  /** @param {import("./connection.js").End} end */
  #onEnd({ code, reason, opened, reconnectAfterMs }) {
    const { session, onSignedOut } = this.#options;
    this.#disconnected();
    this.#neverOpened = opened ? 0 : this.#neverOpened + 1;
    if (code === closeCodes.token_not_valid) {
      // Renewed a moment ago and still not taken: the session is over, whatever its tokens say.
      if (this.#renewedSinceReady) {
        const over = new SkaldError("token_not_valid", "The session has ended.");
        session.end(over);
        return onSignedOut(over);
      }
      this.#renewFirst = true;
    } else if (!mayReconnect(code)) {
      this.shut();
      return this.tellClosed(reason || String(code), code);
    }
    if (this.#neverOpened === suspicious) this.#askByHttp();
    this.#retry(reconnectAfterMs);
  }

  // Why a socket did not open a page is not told. But where the server answers a plain request to the same address, it is not the server.
  async #askByHttp() {
    if (!(await this.#options.session.answersWithoutUpgrade()) || this.#neverOpened < suspicious || this.state.state === "closed") return;
    this.#blocked = true;
    this.#setState(this.state);
    const detail =
      "The server can be reached, but no WebSocket to it: a proxy in between does not pass on `Upgrade`, " +
      "or the server does not take this page's origin.";
    this.#options.onError(new SkaldError("socket_blocked", detail, { retryable: true }));
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
    this.#options.onDown();
  }

  /** @param {ConnectionState} state */
  #setState(state) {
    if (state.state !== "closed" && this.#offline) state = { ...state, offline: true };
    if (state.state === "reconnecting" && this.#blocked) state = { ...state, reason: "socket_blocked" };
    this.state = state;
    this.#options.onState(state);
  }
}

/** @param {string} server */
const socketUrl = (server) => `${server.replace(/^http/i, "ws")}ws/`;
