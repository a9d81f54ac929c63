import { Backoff } from "./backoff.js";
import { systemClock } from "./clock.js";
import { SkaldError } from "./errors.js";
import { Emitter } from "./events.js";
import { exchange } from "./http.js";
import { need } from "./platform.js";

/**
 * @typedef {{access?: string, refresh?: string, username?: string}} Tokens
 * @typedef {() => string | undefined | null | Promise<string | undefined | null>} GetToken
 *
 * One sign-in of one user. Whatever waits for an answer looks afterwards whether it is still this one.
 * @typedef {object} Login
 * @property {string} [username] as the user gave it
 * @property {string} [access]
 * @property {string} [refresh]
 * @property {boolean} [inCookie] the refresh token is where no script can read it
 * @property {number} staleAt when the access token is renewed before it is used, by the clock's `now`
 * @property {GetToken} [getToken]
 */

const usualLifetime = 300_000;
const patienceWithApplication = 30_000;

// The first answer to a refresh may be lost on the way. For some time the server gives the same answer again, so the
// request is repeated soon; where the network is only slow, the next tries wait for longer.
const patienceWithRefresh = 4_000;
const mostPatience = 10_000;

// Who says this speaks of the session itself. All else, whatever its status, may pass.
const over = new Set(["token_not_valid", "signed_out"]);

/**
 * A user's login at one server. It holds the tokens, in memory only, and renews them while it lives: a session that
 * nobody renews for a day ends, and its sockets with it. With `keep: "cookie"` the browser keeps the refresh token where no
 * script can read it, and `resume()` goes on with it after a reload.
 *
 * Events: `signedout` when the session is over without logout() having been called; `userchange` when another user, or
 * nobody, is signed in now; `tokens` with each new pair, and with undefined when they are forgotten.
 * @extends {Emitter<{signedout: SkaldError, userchange: {username?: string, reason?: SkaldError}, tokens: Tokens | undefined}>}
 */
export class Session extends Emitter {
  /** Where Skald is served; ends with a slash. @type {string} */
  server;

  /** @type {Login | undefined} */ #login;
  /** @type {Promise<string> | undefined} */ #renewal;
  /** @type {any} */ #timer;
  #http;
  #random;
  #backoff;
  #keep;

  /**
   * @param {string | URL} [server] where Skald is served; the page's own origin by default
   * @param {object} [options]
   * @param {Tokens} [options.tokens] signs in with what an earlier `tokens` event gave; without `refresh` the access token is
   *   used for as long as the server takes it
   * @param {GetToken} [options.getToken] signs in with access tokens that the application fetches, each time when one is needed;
   *   nothing instead of a token ends the session
   * @param {"cookie"} [options.keep] has the browser keep the refresh token in a cookie that no script can read; for pages that
   *   Skald serves itself, or a proxy under the same origin
   * @param {typeof globalThis.fetch} [options.fetch]
   * @param {import("./clock.js").Clock} [options.clock]
   * @param {() => number} [options.random]
   */
  constructor(server = globalThis.location?.origin, { tokens, getToken, keep, fetch, clock = systemClock, random = Math.random } = {}) {
    super();
    need({ fetch: fetch ?? globalThis.fetch, AbortController: globalThis.AbortController }, "Session makes its requests with them.");
    this.server = addressOf(server);
    this.#http = { fetch: fetch ?? ((/** @type {any} */ input, /** @type {any} */ init) => globalThis.fetch(input, init)), clock };
    this.#random = random;
    this.#backoff = new Backoff(random);
    this.#keep = keep;
    // How old a token is that somebody kept, its claims do not say: they are by the server's clock. So it is renewed first.
    if (getToken) this.#login = { getToken, username: tokens?.username, staleAt: -Infinity };
    else if (tokens?.refresh) this.#login = { ...tokens, staleAt: -Infinity };
    else if (tokens?.access) this.#login = { ...tokens, staleAt: Infinity };
  }

  get signedIn() {
    return this.#login !== undefined;
  }

  /** The user's name as it was given, where it was. */
  get username() {
    return this.#login?.username;
  }

  /** What signs in again, for an application that keeps it; undefined where nobody is signed in. @returns {Tokens | undefined} */
  get tokens() {
    if (!this.#login) return undefined;
    const { access, refresh, username } = this.#login;
    return { access, refresh, username };
  }

  /**
   * What people have to know before they have an account: whether one may register, and what a new password must be, in code points.
   * @returns {Promise<{open: boolean, password_min_length: number, password_max_length: number, path: string}>}
   */
  async registration() {
    return (await this.#ask("GET", "api/registration/", {})).body;
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
   * @param {object} [options]
   * @param {"cookie" | null} [options.keep] for this login; what the constructor was given by default
   */
  async login(username, password, { keep = this.#keep } = {}) {
    const inCookie = keep === "cookie";
    const { body } = await this.#ask("POST", "api/login/", {
      body: inCookie ? { username, password, keep: "cookie" } : { username, password },
      cookies: inCookie,
    });
    const tokens = tokensOf(body);
    const sameUser = this.username?.toLowerCase() === username.toLowerCase();
    // What the user before has in hand is let go of before anything can be done as this one.
    if (!sameUser) this.#forget();
    this.#renewal = undefined;
    this.#login = { username, inCookie, staleAt: -Infinity };
    this.#hold(this.#login, tokens);
    if (!sameUser) this.emit("userchange", { username });
  }

  /**
   * Goes on, after a reload, with the session that a cookie keeps.
   * @returns {Promise<boolean>} whether somebody is signed in; it fails where the server could not be asked
   */
  async resume() {
    if (this.#login || this.#keep !== "cookie") return this.signedIn;
    let tokens;
    try {
      tokens = await this.#refreshByCookie();
    } catch (error) {
      if (error instanceof SkaldError && error.code === "token_not_valid") return this.signedIn;
      throw error;
    }
    // Somebody may have logged in while the answer was on its way.
    if (this.#login) return true;
    const username = claimsOf(tokens.access).name;
    this.#login = { username, inCookie: true, staleAt: -Infinity };
    this.#hold(this.#login, tokens);
    this.emit("userchange", { username });
    return true;
  }

  /** Forgets the tokens at once, whether or not the server can be told. */
  async logout() {
    const login = this.#login;
    if (!login) return;
    this.#forget();
    let token = login.access;
    if (this.#http.clock.now() >= login.staleAt) {
      // With an expired token the server would not listen, and the session would live on there.
      token = isRenewable(login) ? (await this.#refreshed(login)).access : undefined;
    }
    if (token !== undefined) await this.#ask("POST", "api/logout/", { token, cookies: login.inCookie });
  }

  /** @returns {Promise<string>} an access token that is good for some time yet */
  async accessToken() {
    if (!this.#login) throw notSignedIn();
    const { access, staleAt } = this.#login;
    return access !== undefined && this.#http.clock.now() < staleAt ? access : this.renew();
  }

  /**
   * Fetches new tokens. A refresh token used twice may end the session, so all who ask at the same time share one request.
   * @returns {Promise<string>} the new access token
   */
  renew() {
    if (this.#renewal) return this.#renewal;
    const renewal = this.#renew().finally(() => {
      if (this.#renewal === renewal) this.#renewal = undefined;
    });
    return (this.#renewal = renewal);
  }

  /**
   * A request as this user; `path` is relative to the server. Where the server no longer takes the token it is renewed,
   * once.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  async call(method, path, body) {
    const login = this.#login;
    const as = (/** @type {string} */ token) => {
      // It may be another user's by now.
      if (this.#login !== login) throw notSignedIn();
      return this.#ask(method, path, { body, token });
    };
    const token = await this.accessToken();
    try {
      return await as(token);
    } catch (error) {
      if (!(error instanceof SkaldError) || error.code !== "token_not_valid") throw error;
      return as(login?.access === token ? await this.renew() : await this.accessToken());
    }
  }

  /** Ends the session on this side, for a reason that someone else found out. @param {SkaldError} reason */
  end(reason) {
    this.#forget(reason);
  }

  /** Whether the server itself answers a plain request where its socket is: only the upgrade does not get through. */
  async answersWithoutUpgrade() {
    try {
      await this.#ask("GET", "ws/", {});
      return false;
    } catch (error) {
      return error instanceof SkaldError && error.code === "upgrade_required";
    }
  }

  async #renew() {
    const login = this.#login;
    if (!login) throw notSignedIn();
    try {
      const tokens = await this.#newTokens(login);
      if (this.#login !== login) throw notSignedIn();
      this.#hold(login, tokens);
      return tokens.access;
    } catch (error) {
      if (this.#login !== login) throw notSignedIn();
      if (error instanceof SkaldError && over.has(error.code)) this.end(error);
      else if (isRenewable(login)) this.#renewIn(this.#backoff.next(/** @type {SkaldError} */ (error).retryAfterMs));
      throw error;
    }
  }

  /** @param {Login} login @returns {Promise<{access: string, refresh?: string}>} */
  async #newTokens(login) {
    if (login.getToken) return { access: await this.#applicationsToken(login.getToken) };
    if (!isRenewable(login)) {
      throw new SkaldError("token_not_valid", "The server no longer takes the token, and there is none to renew it with.");
    }
    return this.#refreshed(login);
  }

  /** @param {Login} login @returns {Promise<{access: string, refresh?: string}>} */
  async #refreshed({ access, refresh, inCookie }) {
    if (!inCookie) return tokensOf((await this.#ask("POST", "api/token/refresh/", { body: { refresh }, patience: this.#patience })).body);
    const tokens = await this.#refreshByCookie();
    // All tabs share the cookie. What another one's user may do must not be done as if it were this one's.
    if (access !== undefined && claimsOf(access).sub !== claimsOf(tokens.access).sub) {
      throw new SkaldError("signed_out", "Another user has signed in here, in another tab or window.");
    }
    return tokens;
  }

  async #refreshByCookie() {
    const options = { body: { keep: "cookie" }, cookies: true, patience: this.#patience };
    return tokensOf((await this.#ask("POST", "api/token/refresh/", options)).body);
  }

  get #patience() {
    return Math.min(mostPatience, patienceWithRefresh * 2 ** this.#backoff.attempt);
  }

  /** @param {GetToken} getToken @returns {Promise<string>} */
  async #applicationsToken(getToken) {
    /** @type {any} */
    let timer;
    const overdue = new Promise((_, reject) => {
      timer = this.#http.clock.setTimeout(() => reject(new Error("getToken took too long")), patienceWithApplication);
    });
    try {
      const token = await Promise.race([getToken(), overdue]);
      if (!token) throw new SkaldError("signed_out", "The application has no token for this user any more.");
      return token;
    } catch (error) {
      if (error instanceof SkaldError) throw error;
      throw new SkaldError("token_unavailable", "The application could not get a token.", { retryable: true, cause: error });
    } finally {
      this.#http.clock.clearTimeout(timer);
    }
  }

  /** @param {Login} login @param {{access: string, refresh?: string}} tokens */
  #hold(login, { access, refresh }) {
    login.access = access;
    const lifetime = lifetimeOf(access);
    login.staleAt = this.#http.clock.now() + lifetime * 0.95;
    this.#backoff.reset();
    if (refresh !== undefined) login.refresh = refresh;
    if (isRenewable(login)) {
      // Spread, so that clients that came together do not all renew in the same second.
      this.#renewIn(lifetime * (0.7 + 0.2 * this.#random()));
    }
    this.emit("tokens", this.tokens);
  }

  /** @param {number} delay */
  #renewIn(delay) {
    this.#http.clock.clearTimeout(this.#timer);
    this.#timer = this.#http.clock.setTimeout(() => {
      // Where it fails it has set the next timer, or ended the session.
      this.renew().catch(() => {});
    }, delay);
    // In Node a session that merely waits to be renewed should not keep a program from ending.
    this.#timer?.unref?.();
  }

  /** @param {SkaldError} [reason] why, where nobody here asked for it */
  #forget(reason) {
    if (!this.#login) return;
    this.#http.clock.clearTimeout(this.#timer);
    this.#login = this.#renewal = undefined;
    this.#backoff.reset();
    this.emit("tokens", undefined);
    this.emit("userchange", { reason });
    if (reason) this.emit("signedout", reason);
  }

  /** @param {string} method @param {string} path @param {{body?: unknown, token?: string, patience?: number, cookies?: boolean}} request */
  #ask(method, path, request) {
    return exchange(this.#http, this.server + path.replace(/^\//, ""), { method, ...request });
  }
}

/** @param {string | URL | undefined} server */
function addressOf(server) {
  const address = String(server).replace(/[?#].*$/, "");
  if (!/^https?:\/\/[^/]/i.test(address)) {
    throw new SkaldError("bad_request", `Give the server's address, as in "https://chat.example.com/", and not "${server}".`);
  }
  return address.endsWith("/") ? address : `${address}/`;
}

/** @param {any} answer @returns {{access: string, refresh?: string}} */
function tokensOf(answer) {
  const { access, refresh } = answer ?? {};
  if (typeof access === "string") return { access, refresh: typeof refresh === "string" ? refresh : undefined };
  throw new SkaldError("unexpected_answer", "The answer has no token in it: is this Skald's address?", { retryable: true });
}

/**
 * How long a token lives by its own claims. Their difference counts and not `exp` alone, because this machine's clock may
 * be wrong.
 * @param {string} token
 */
function lifetimeOf(token) {
  const { exp, iat } = claimsOf(token);
  const lifetime = (exp - iat) * 1000;
  return lifetime > 0 ? lifetime : usualLifetime;
}

/** What a token says of itself; only the server can tell whether it is true. @param {string} token @returns {any} */
function claimsOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))) ?? {};
  } catch {
    return {};
  }
}

/** @param {Login} login */
function isRenewable({ refresh, inCookie }) {
  return refresh !== undefined || inCookie === true;
}

function notSignedIn() {
  return new SkaldError("signed_out", "Nobody is signed in.");
}
