/**
 * The protocol's other side in memory, as far as the client can tell: accounts with tokens that expire and rotate, rooms as
 * logs, sockets that a test can break at any point.
 *
 * @typedef {{status: number, body?: any, headers?: Record<string, string>, cookie?: string}} Answer
 * @typedef {{username: string, refresh: string, previous?: {token: string, at: number, answer: object}, access: Map<string, number>}} Login
 * @typedef {{type: "chat_message", room: string, seq: number, username: string, message: string, timestamp: string, client_msg_id?: string,
 *   version: number, text_version?: number, edited_at?: string, deleted?: any}} Message
 */
export class FakeServer {
  epoch = "epoch-1";
  pingInterval = 15_000;
  accessLifetime = 300_000;
  limits = { message_code_points: 4000, message_bytes: 8000, frame_bytes: 16384, rooms: 128, signal_bytes: 1024 };
  /** Messages and the entries about them. @type {Map<string, any[]>} */ rooms = new Map();
  /** What a change's client_msg_id has stored. @type {Map<string, any>} */ changes = new Map();
  /** The oldest seq kept, by room. @type {Map<string, number>} */ firstSeq = new Map();
  /** @type {Map<string, string>} */ passwords = new Map();
  /** @type {Set<Login>} */ logins = new Set();
  /** @type {Set<Peer>} */ peers = new Set();
  /** Every command received, with its socket's number. @type {{socket: number, command: any}[]} */ received = [];
  /** @type {{method: string, path: string}[]} */ requests = [];
  /** Called for each frame in or out: true breaks the socket there. */ breaks = () => false;
  /** Answers a command in the server's stead. @type {(command: any, peer: Peer) => boolean} */ intercept = () => false;
  /** Answers a request in the server's stead. @type {(method: string, path: string) => Answer | Error | undefined} */
  interceptRequest = () => undefined;
  /** What the one browser keeps that asks here. */ cookie = "";
  refuseSockets = false;
  sockets = 0;
  #serial = 0;

  /** @param {{date: () => number}} [clock] */
  constructor(clock = { date: Date.now }) {
    this.clock = clock;
  }

  /** @param {string} room */
  log(room) {
    let log = this.rooms.get(room);
    if (!log) this.rooms.set(room, (log = []));
    return log;
  }

  /** @param {string} room @param {string} username @param {string} text @param {string} [client_msg_id] */
  say(room, username, text, client_msg_id) {
    const log = this.log(room);
    const timestamp = new Date(this.clock.date()).toISOString().replace("Z", "000Z");
    /** @type {Message} */
    const message = { type: "chat_message", room, seq: log.length + 1, username, message: text, timestamp, version: log.length + 1 };
    if (client_msg_id) message.client_msg_id = client_msg_id;
    this.#store(message);
    return message;
  }

  /** Edits a message, or deletes it. @param {string} room @param {number} seq @param {string} [text] none: deletes it */
  change(room, seq, text) {
    const message = this.log(room)[seq - 1];
    const version = this.log(room).length + 1;
    const at = new Date(this.clock.date()).toISOString().replace("Z", "000Z");
    message.version = version;
    if (text === undefined) {
      delete message.message;
      message.deleted = { at, by: message.username };
    } else {
      Object.assign(message, { message: text, text_version: version, edited_at: at });
    }
    const kind = text === undefined ? "deleted" : "edited";
    return this.#store({ type: "entry", room, seq: version, kind, timestamp: at, by: message.username, target: seq, now: message });
  }

  /** @param {any} entry */
  #store(entry) {
    this.log(entry.room).push(entry);
    for (const peer of [...this.peers]) if (peer.rooms.has(entry.room)) peer.tell(entry);
    return entry;
  }

  /** Breaks every socket without a word. */
  dropAll() {
    for (const peer of [...this.peers]) peer.break();
  }

  /** @param {number} code @param {string} reason @param {number} [reconnectAfterMs] */
  closeAll(code, reason, reconnectAfterMs) {
    for (const peer of [...this.peers]) peer.close(code, reason, reconnectAfterMs);
  }

  /** @param {string} room @returns {any[]} what was sent to it, each time it was sent */
  sends(room) {
    return this.received.map(({ command }) => command).filter((command) => command.type === "send" && command.room === room);
  }

  /** @param {string} type @returns {any[]} */
  commands(type) {
    return this.received.map(({ command }) => command).filter((command) => command.type === type);
  }

  /** @param {string | undefined} access */
  loginOf(access) {
    for (const login of this.logins) {
      if ((login.access.get(access ?? "") ?? 0) > this.clock.date()) return login;
    }
    return undefined;
  }

  // HTTP

  /** @type {any} */
  fetch = async (/** @type {string} */ address, /** @type {any} */ { method, headers, body, credentials }) => {
    const url = new URL(address);
    const asked = this.interceptRequest(method, url.pathname)
      ?? this.answer(method, url, headers.authorization, body, credentials === "same-origin");
    if (asked instanceof Error) throw asked;
    const { cookie, ...answer } = asked;
    if (cookie !== undefined && credentials === "same-origin") this.cookie = cookie;
    return {
      ok: answer.status < 300,
      status: answer.status,
      headers: new Headers(answer.headers),
      text: async () => (typeof answer.body === "string" ? answer.body : answer.body === undefined ? "" : JSON.stringify(answer.body)),
    };
  };

  /**
   * @param {string} method @param {URL} url @param {string | undefined} authorization @param {string | undefined} text
   * @param {boolean} [cookies]
   * @returns {Answer}
   */
  answer(method, url, authorization, text, cookies = false) {
    const path = url.pathname;
    this.requests.push({ method, path });
    const body = text ? JSON.parse(text) : {};
    if (path === "/api/registration/") {
      return { status: 200, body: { open: true, password_min_length: 8, password_max_length: 128, path: "/" } };
    }
    if (path === "/api/register/") return this.#register(body);
    if (path === "/api/login/") return keepAsAsked(this.#login(body), body.keep === "cookie");
    if (path === "/api/token/refresh/") {
      return keepAsAsked(this.#refresh(body.refresh ?? (cookies ? this.cookie : "")), body.keep === "cookie" || body.refresh === undefined);
    }
    if (path === "/ws/") return problem(426, "upgrade_required", "Open a WebSocket here.");
    const login = this.loginOf(authorization?.replace("Bearer ", ""));
    if (!login) return problem(401, "token_not_valid", "The token is not valid.");
    if (path === "/api/logout/") {
      this.endLogin(login);
      return { status: 204, cookie: "" };
    }
    const history = /^\/api\/chat\/history\/([\w-]+)\/$/.exec(path);
    return history ? this.#history(history[1], url) : problem(404, "not_found", "There is nothing here.");
  }

  /** @param {Login} login */
  endLogin(login) {
    this.logins.delete(login);
    for (const peer of [...this.peers]) if (peer.login === login) peer.close(4401, "token_not_valid");
  }

  /** @param {any} account @returns {Answer} */
  #register({ username, password, email = "" }) {
    if (this.passwords.has(username)) {
      return problem(400, "validation_failed", "The request is not valid.", {
        errors: { username: ["A user with that username already exists."] },
      });
    }
    this.passwords.set(username, password);
    return { status: 201, body: { id: this.passwords.size, username, email } };
  }

  /** @param {any} credentials @returns {Answer} */
  #login({ username, password }) {
    if (this.passwords.get(username) !== password) return problem(401, "invalid_credentials", "No user with this name and password.");
    /** @type {Login} */
    const login = { username, refresh: "", access: new Map() };
    this.logins.add(login);
    return { status: 200, body: this.#tokensFor(login) };
  }

  /** @param {string} token @returns {Answer} */
  #refresh(token) {
    const now = this.clock.date();
    for (const login of this.logins) {
      if (login.refresh === token) {
        const answer = this.#tokensFor(login);
        login.previous = { token, at: now, answer };
        return { status: 200, body: answer };
      }
      if (login.previous?.token === token) {
        if (now - login.previous.at <= 60_000) return { status: 200, body: login.previous.answer };
        this.endLogin(login);
      }
    }
    return problem(401, "token_not_valid", "The refresh token is not valid.");
  }

  /** @param {Login} login */
  #tokensFor(login) {
    const iat = Math.floor(this.clock.date() / 1000);
    const claims = Buffer.from(JSON.stringify({
      iat, exp: iat + this.accessLifetime / 1000, sub: login.username, name: login.username
    })).toString("base64url");
    const access = `header.${claims}.${++this.#serial}`;
    login.access.set(access, this.clock.date() + this.accessLifetime);
    login.refresh = `refresh-${++this.#serial}`;
    return { access, refresh: login.refresh };
  }

  /** @param {string} room @param {URL} url @returns {Answer} */
  #history(room, url) {
    const limit = Number(url.searchParams.get("limit") ?? 100);
    const before = Number(url.searchParams.get("before") ?? Infinity);
    const kept = this.log(room).filter(({ type, seq, deleted }) =>
      type === "chat_message" && !deleted && seq < before && seq >= (this.firstSeq.get(room) ?? 1));
    const body = kept.slice(-limit);
    /** @type {Record<string, string>} */
    const headers = { "skald-seq": String(this.log(room).length), "skald-epoch": this.epoch };
    if (kept.length > limit) headers.link = `<${url.pathname}?limit=${limit}&before=${body[0].seq}>; rel="prev"`;
    return { status: 200, body, headers };
  }

  // Sockets

  /** A WebSocket constructor whose other end is this server. @returns {any} */
  get WebSocket() {
    const server = this;
    return class {
      onopen = () => {};
      onmessage = (/** @type {{data: string}} */ _event) => {};
      onclose = (/** @type {{code: number, reason: string}} */ _event) => {};
      onerror = () => {};
      #open = false;
      /** @type {Peer | undefined} */ #peer;

      /** @param {URL} url */
      constructor(url) {
        this.url = url;
        queueMicrotask(() => {
          if (server.refuseSockets) return this.#closed(1006, "");
          this.#open = true;
          this.#peer = new Peer(server, {
            send: (text) => queueMicrotask(() => this.#open && this.onmessage?.({ data: text })),
            close: (code, reason) => queueMicrotask(() => this.#closed(code, reason)),
          });
          this.onopen?.();
        });
      }

      /** @param {string} text */
      send(text) {
        queueMicrotask(() => this.#open && this.#peer?.hear(text));
      }

      /** @param {number} [code] */
      close(code = 1005) {
        this.#peer?.gone();
        queueMicrotask(() => this.#closed(code, ""));
      }

      /** @param {number} code @param {string} reason */
      #closed(code, reason) {
        this.#open = false;
        this.onclose?.({ code, reason });
      }
    };
  }
}

/** One socket as the server sees it. */
export class Peer {
  /** @type {Set<string>} */ rooms = new Set();
  /** @type {Login | undefined} */ login;
  /** Takes no more and says no more, like a machine that went away. */ mute = false;
  #open = true;

  /** @param {FakeServer} server @param {{send: (text: string) => void, close: (code: number, reason: string) => void}} wire */
  constructor(server, wire) {
    this.server = server;
    this.wire = wire;
    this.number = ++server.sockets;
    server.peers.add(this);
  }

  /** @param {string} text */
  hear(text) {
    if (!this.#open || this.mute) return;
    if (this.server.breaks()) return this.break();
    const command = JSON.parse(text);
    this.server.received.push({ socket: this.number, command });
    if (!this.server.intercept(command, this)) this.answer(command);
  }

  /** @param {any} command */
  answer(command) {
    const { type, id: re, room } = command;
    if (type !== "auth" && !this.login) return this.close(4401, "token_not_valid");
    switch (type) {
      case "auth":
        return this.#auth(command);
      case "join":
        return this.#join(re, room, command.since, command.epoch);
      case "resume":
        for (const [name, since] of Object.entries(command.rooms))
          this.#join(re, name, since === null ? undefined : Number(since), command.epoch);
        return;
      case "leave":
        this.rooms.delete(room);
        return this.tell({ type: "left", re, room });
      case "ping":
        return this.tell({ type: "pong", re });
      case "send":
        return this.#send(command);
      case "signal":
        return this.#signal(command);
      case "edit":
      case "delete":
        return this.#change(command);
    }
  }

  /** @param {object} frame */
  tell(frame) {
    if (!this.#open || this.mute) return;
    if (this.server.breaks()) return this.break();
    this.wire.send(JSON.stringify(frame));
  }

  /** @param {number} code @param {string} reason @param {number} [reconnectAfterMs] */
  close(code, reason, reconnectAfterMs) {
    this.tell({ type: "closing", code, reason, reconnect: code < 4400, reconnect_after_ms: reconnectAfterMs });
    if (!this.#open) return;
    this.gone();
    this.wire.close(code, reason);
  }

  break() {
    if (!this.#open) return;
    this.gone();
    this.wire.close(1006, "");
  }

  gone() {
    this.#open = false;
    this.server.peers.delete(this);
  }

  /** @param {any} command */
  #auth({ id: re, token }) {
    this.login = this.server.loginOf(token);
    if (!this.login) return this.close(4401, "token_not_valid");
    const { epoch, pingInterval, limits } = this.server;
    this.tell({ type: "ready", re, user: { id: 1, username: this.login.username }, epoch, ping_interval: pingInterval, limits });
  }

  /** @param {any} re @param {string} room @param {number} [since] @param {string} [epoch] */
  #join(re, room, since, epoch) {
    const log = this.server.log(room);
    const seq = log.length;
    const first_seq = this.server.firstSeq.get(room) ?? 1;
    const foreign = since !== undefined && ((epoch !== undefined && epoch !== this.server.epoch) || since > seq);
    const trimmed = since !== undefined && since < first_seq - 1;
    const from = since === undefined || foreign ? seq : trimmed ? first_seq - 1 : since;
    this.rooms.add(room);
    this.tell({ type: "joined", re, room, seq, since: from, complete: !foreign && !trimmed, first_seq, epoch: this.server.epoch });
    for (const entry of log.slice(from)) this.tell(entry.deleted ? { type: "entry", room, seq: entry.seq, kind: "none" } : entry);
  }

  /** @param {any} command */
  #send({ id: re, room, message: text, client_msg_id }) {
    const { username } = /** @type {Login} */ (this.login);
    const stored = this.server
      .log(room)
      .find((message) => client_msg_id &&
        message.client_msg_id === client_msg_id && message.username === username);
    const message = stored ?? this.server.say(room, username, text, client_msg_id);
    const again = stored ? { duplicate: true, message: stored.message } : { duplicate: false };
    this.tell({ type: "ack", re, room, seq: message.seq, timestamp: message.timestamp, ...again });
  }

  /** @param {any} command */
  #signal({ id: re, room, event, data }) {
    if (!this.rooms.has(room))
      return this.tell({ type: "error", re, room, code: "not_joined", detail: "Join the room first.", retryable: false });
    const { username } = /** @type {Login} */ (this.login);
    for (const peer of [...this.server.peers])
      if (peer.rooms.has(room)) peer.tell({ type: "signal", room, user_id: 1, username, event, data });
    if (re !== undefined) this.tell({ type: "signaled", re, room });
  }

  /** @param {any} command */
  #change({ id: re, room, seq: target, message: text, client_msg_id, if_version }) {
    const message = this.server.log(room)[target - 1];
    const refuse = (/** @type {string} */ code, more = {}) =>
      this.tell({ type: "error", re, room, code, detail: code, retryable: false, ...more });
    const stored = this.server.changes.get(client_msg_id);
    if (!stored && message?.type !== "chat_message") return refuse("message_not_found");
    if (!stored && message.deleted) return refuse("message_deleted");
    if (!stored && if_version !== undefined && if_version !== (message.text_version ?? target))
      return refuse("edit_conflict", { now: message });
    const entry = stored ?? this.server.change(room, target, text);
    this.server.changes.set(client_msg_id, entry);
    this.tell({ type: "ack", re, room, seq: entry.seq, timestamp: entry.timestamp, target, duplicate: stored !== undefined });
  }
}

/** Puts the refresh token of an answer into a cookie. @param {Answer} answer @param {boolean} inCookie @returns {Answer} */
function keepAsAsked(answer, inCookie) {
  if (!inCookie || answer.status !== 200) return answer;
  const { access, refresh } = answer.body;
  return { ...answer, body: { access }, cookie: refresh };
}

/** @param {number} status @param {string} code @param {string} detail @param {object} [more] @returns {Answer} */
export function problem(status, code, detail, more) {
  return { status, headers: { "content-type": "application/problem+json" }, body: { status, code, detail, ...more } };
}
