import { Backoff } from "./backoff.js";
import { systemClock } from "./clock.js";
import { SkaldError } from "./errors.js";
import { Emitter } from "./events.js";
import { exchange } from "./http.js";

const usualLifetime = 300_000;

/**
 * A user's login at one server. It holds the tokens, in memory only, and renews them while it lives: a session that
 * nobody renews for a day ends, and its sockets with it.
 *
 * Events: `signedout` when the session is over without logout() having been called.
 * @extends {Emitter<{signedout: SkaldError}>}
 */
export class Session extends Emitter {
  /** The name as the user gave it at login. @type {string | undefined} */
  username;

  /** @type {string | undefined} */ #access;
  /** @type {string | undefined} */ #refresh;
  #staleAt = 0;
  /** @type {Promise<string> | undefined} */ #renewal;
  /** @type {any} */ #timer;
  #http;
  #random;

  /**
   * @param {string | URL} [server] where Skald is served; the page's own origin by default
   * @param {{fetch?: typeof globalThis.fetch, clock?: import("./clock.js").Clock, random?: () => number}} [options]
   */
  constructor(server = globalThis.location?.origin, { fetch, clock = systemClock, random = Math.random } = {}) {
    super();
    this.server = new URL(server);
    if (!this.server.pathname.endsWith("/")) this.server.pathname += "/";
    this.#http = { fetch: fetch ?? ((/** @type {any} */ input, /** @type {any} */ init) => globalThis.fetch(input, init)), clock };
    this.#random = random;
  }

  get signedIn() {
    return this.#refresh !== undefined;
  }

  /**
   * Makes an account. It does not log in.
   * @param {{username: string, password: string, email?: string}} account
   * @returns {Promise<{id: number, username: string, email: string}>}
   */
  async register({ username, password, email }) {
    const body = email ? { username, password, email } : { username, password };
    return (await this.#ask("POST", "api/register/", { body })).body;
  }

  /**
   * @param {string} username
   * @param {string} password
   */
  async login(username, password) {
    const { body } = await this.#ask("POST", "api/login/", { body: { username, password } });
    this.username = username;
    this.#keep(body);
  }

  /** Forgets the tokens at once, whether or not the server can be told. */
  async logout() {
    const refresh = this.#refresh;
    let token = this.#access;
    const stale = this.#http.clock.now() >= this.#staleAt;
    this.#forget();
    if (token === undefined) return;
    // With an expired token the server would not listen, and the session would live on there.
    if (stale) token = (await this.#ask("POST", "api/token/refresh/", { body: { refresh } })).body.access;
    await this.#ask("POST", "api/logout/", { token });
  }

  /** @returns {Promise<string>} an access token that is good for some time yet */
  async accessToken() {
    if (this.#access === undefined) throw notSignedIn();
    return this.#http.clock.now() < this.#staleAt ? this.#access : this.renew();
  }

  /**
   * Fetches new tokens. A refresh token used twice ends the session, so all who ask at the same time share one request.
   * @returns {Promise<string>} the new access token
   */
  renew() {
    this.#renewal ??= this.#exchangeTokens().finally(() => (this.#renewal = undefined));
    return this.#renewal;
  }

  /**
   * A request as this user; `path` is relative to the server. Where the server no longer takes the token it is renewed,
   * once.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  async call(method, path, body) {
    const token = await this.accessToken();
    try {
      return await this.#ask(method, path, { body, token });
    } catch (error) {
      if (!(error instanceof SkaldError) || error.code !== "token_not_valid") throw error;
      return this.#ask(method, path, { body, token: this.#access === token ? await this.renew() : await this.accessToken() });
    }
  }

  /** Ends the session on this side, for a reason that someone else found out. @param {SkaldError} reason */
  end(reason) {
    if (!this.signedIn) return;
    this.#forget();
    this.emit("signedout", reason);
  }

  async #exchangeTokens() {
    const refresh = this.#refresh;
    if (refresh === undefined) throw notSignedIn();
    try {
      const { body } = await this.#ask("POST", "api/token/refresh/", { body: { refresh } });
      if (this.#refresh !== refresh) throw notSignedIn();
      this.#keep(body);
      return /** @type {string} */ (body.access);
    } catch (error) {
      // Anything but a clear no may pass: the session is given up only when the server says so.
      const refused = error instanceof SkaldError && (error.code === "token_not_valid" || error.code === "bad_request");
      if (refused && this.#refresh === refresh) this.end(error);
      throw error;
    }
  }

  /** @param {{access: string, refresh: string}} tokens */
  #keep({ access, refresh }) {
    this.#access = access;
    this.#refresh = refresh;
    const lifetime = lifetimeOf(access);
    this.#staleAt = this.#http.clock.now() + lifetime * 0.95;
    // Spread, so that clients that came together do not all renew in the same second.
    this.#renewIn(lifetime * (0.7 + 0.2 * this.#random()), new Backoff(this.#random));
  }

  /** @param {number} delay @param {Backoff} backoff */
  #renewIn(delay, backoff) {
    this.#http.clock.clearTimeout(this.#timer);
    this.#timer = this.#http.clock.setTimeout(() => {
      this.renew().catch(() => {
        if (this.signedIn) this.#renewIn(backoff.next(), backoff);
      });
    }, delay);
    // In Node a session that merely waits to be renewed should not keep a program from ending.
    this.#timer?.unref?.();
  }

  #forget() {
    this.#http.clock.clearTimeout(this.#timer);
    this.#access = this.#refresh = undefined;
  }

  /** @param {string} method @param {string} path @param {{body?: unknown, token?: string}} request */
  #ask(method, path, request) {
    return exchange(this.#http, new URL(path.replace(/^\//, ""), this.server), { method, ...request });
  }
}

/**
 * How long a token lives by its own claims. Their difference counts and not `exp` alone, because this machine's clock may
 * be wrong.
 * @param {string} token
 */
function lifetimeOf(token) {
  try {
    const claims = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    const lifetime = (claims.exp - claims.iat) * 1000;
    return lifetime > 0 ? lifetime : usualLifetime;
  } catch {
    return usualLifetime;
  }
}

function notSignedIn() {
  return new SkaldError("signed_out", "Nobody is signed in.");
}
