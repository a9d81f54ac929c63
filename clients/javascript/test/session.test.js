import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../src/index.js";
import { FakeClock } from "./fake-clock.js";
import { FakeServer, problem } from "./fake-server.js";
import { annAndServer, failure } from "./setup.js";

const refreshes = (/** @type {FakeServer} */ server) => server.requests.filter(({ path }) => path === "/api/token/refresh/").length;

test("a new account can log in, and its name taken again is refused field by field", async () => {
  const { server, clock } = await annAndServer();
  const session = new Session("http://skald.test", { fetch: server.fetch, clock });
  assert.equal((await session.register({ username: "bob", password: "12345678" })).username, "bob");
  const error = await failure(session.register({ username: "bob", password: "12345678" }));
  assert.equal(error.code, "validation_failed");
  assert.deepEqual(error.errors, { username: ["A user with that username already exists."] });
  await session.login("bob", "12345678");
  assert.equal(session.signedIn, true);
});

test("the rules of a registration are told to whom has no account", async () => {
  const session = new Session("http://skald.test", { fetch: new FakeServer().fetch, clock: new FakeClock() });
  assert.deepEqual(await session.registration(), { open: true, password_min_length: 8, password_max_length: 128, path: "/" });
});

test("a wrong password is told as such and signs nobody in", async () => {
  const server = new FakeServer();
  const session = new Session("http://skald.test", { fetch: server.fetch, clock: new FakeClock() });
  const error = await failure(session.login("ann", "wrong"));
  assert.equal(error.code, "invalid_credentials");
  assert.equal(session.signedIn, false);
});

test("the access token is renewed before it expires, without anyone asking", async () => {
  const { session, server, clock } = await annAndServer();
  const first = await session.accessToken();
  await clock.advance(299_000);
  assert.equal(refreshes(server), 1);
  assert.notEqual(await session.accessToken(), first);
  await clock.advance(24 * 3600_000);
  assert.equal(session.signedIn, true);
});

test("an access token that expired while the machine slept is renewed before it is used", async () => {
  const { session, server, clock } = await annAndServer();
  clock.sleep(3600_000);
  const token = await session.accessToken();
  assert.equal(server.loginOf(token)?.username, "ann");
});

test("all who need a new token at the same time share one refresh", async () => {
  const { session, server, clock } = await annAndServer();
  clock.sleep(3600_000);
  const answers = await Promise.all(Array.from({ length: 50 }, () => session.call("GET", "/api/chat/history/global/")));
  assert.equal(answers.length, 50);
  assert.equal(refreshes(server), 1);
  assert.equal(session.signedIn, true);
});

test("a token the server no longer takes is renewed once and the request made again", async () => {
  const { session, server } = await annAndServer();
  for (const login of server.logins) login.access.clear();
  assert.equal((await session.call("GET", "/api/chat/history/global/")).status, 200);
  assert.equal(refreshes(server), 1);
});

test("a refresh whose answer was lost is tried again soon enough to get the same successor", async () => {
  const { session, server, clock } = await annAndServer();
  clock.sleep(295_000);
  const { fetch } = server;
  let lost = 0;
  server.fetch = async (/** @type {string} */ url, /** @type {any} */ init) => {
    const answer = await fetch(url, init);
    if (url.endsWith("/api/token/refresh/") && lost++ < 2) throw new TypeError("network lost");
    return answer;
  };
  const again = new Session("http://skald.test", { fetch: server.fetch, clock, random: () => 0.5 });
  await again.login("ann", "12345678");
  await clock.advance(290_000);
  assert.ok(lost >= 3);
  assert.equal(again.signedIn, true);
  assert.equal(server.loginOf(await again.accessToken())?.username, "ann");
  assert.equal(session.username, "ann");
});

test("trouble at the server does not end the session, only its clear no does", async () => {
  const { session, server, clock } = await annAndServer();
  /** @type {any[]} */
  const ends = [];
  session.on("signedout", (error) => ends.push(error.code));
  for (const trouble of [
    problem(503, "overloaded", "Busy."), problem(429, "rate_limited", "Slower."),
    { status: 502, body: undefined }, new TypeError("offline"),
  ]) {
    server.interceptRequest = () => trouble;
    const error = await failure(session.renew());
    assert.equal(error.retryable, true);
    assert.equal(session.signedIn, true);
  }
  server.interceptRequest = () => undefined;
  server.logins.clear();
  assert.equal((await failure(session.renew())).code, "token_not_valid");
  assert.equal(session.signedIn, false);
  assert.deepEqual(ends, ["token_not_valid"]);
  await clock.advance(3600_000);
  assert.equal(clock.timers, 0);
});

test("nothing that a proxy or a captive portal answers ends the session, and what it says is told as such", async () => {
  const { session, server, client } = await annAndServer();
  const html = { "content-type": "text/html" };
  const json = { "content-type": "application/json" };
  /** @type {{status: number, headers?: Record<string, string>, body?: any}[]} */
  const portals = [
    { status: 200, headers: html, body: "<html>Log in to the train's network</html>" },
    { status: 200, headers: json, body: {} },
    { status: 204 },
    { status: 302, headers: { location: "http://portal.test/" } },
    { status: 0 },
    { status: 401, headers: html, body: "<html>" },
    { status: 401, headers: json, body: { code: "token_not_valid", status: 401 } },
    { status: 401, headers: { "content-type": "application/problem+json" }, body: { title: "Unauthorized", status: 401 } },
    { status: 403, headers: html },
    { status: 404, headers: html },
  ];
  for (const portal of portals) {
    server.interceptRequest = () => portal;
    for (const asked of [session.renew(), client.history("global")]) {
      const error = await failure(/** @type {Promise<any>} */ (asked));
      assert.deepEqual([portal.status, error.code, error.retryable], [portal.status, "unexpected_answer", true]);
    }
    if (portal.headers === html) assert.equal((await failure(session.call("GET", "/api/me/"))).code, "unexpected_answer");
    assert.equal(session.signedIn, true);
  }
  server.interceptRequest = () => undefined;
  await session.renew();
  assert.equal(session.signedIn, true);
});

test("a refresh that gets no answer is repeated in time, whoever asked for it", async () => {
  const { session, server, clock } = await annAndServer();
  let silent = 1;
  const { fetch } = server;
  /** @type {any[]} */
  const asked = [];
  const patient = new Session("http://skald.test", {
    clock,
    tokens: session.tokens,
    fetch: /** @type {any} */ (async (/** @type {string} */ url, /** @type {any} */ init) => {
      const answer = await fetch(url, init);
      asked.push(clock.now());
      if (silent-- <= 0) return answer;
      return new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(init.signal.reason)));
    }),
  });
  const first = failure(patient.renew());
  await clock.advance(9_000);
  assert.equal((await first).code, "unreachable");
  assert.ok(asked.length >= 2 && asked[1] < 4_500, String(asked));
  await clock.advance(6_000);
  assert.equal(patient.signedIn, true);
  assert.equal(server.loginOf(await patient.accessToken())?.username, "ann");
});

test("a session goes on from tokens that were kept, and tells the new ones", async () => {
  const { session, server, clock } = await annAndServer();
  const kept = JSON.parse(JSON.stringify(session.tokens));
  assert.equal(kept.username, "ann");
  const again = new Session("http://skald.test/", { fetch: server.fetch, clock, tokens: kept });
  /** @type {any[]} */
  const told = [];
  again.on("tokens", (tokens) => told.push(tokens));
  assert.equal(again.signedIn, true);
  assert.equal((await again.call("GET", "/api/chat/history/global/")).status, 200);
  assert.deepEqual(told, [again.tokens]);
  assert.notEqual(again.tokens?.refresh, kept.refresh);
  await again.logout();
  assert.deepEqual(told[1], undefined);
});

test("an access token without more is used until the server no longer takes it", async () => {
  const { session, server, clock } = await annAndServer();
  const bot = new Session("http://skald.test", { fetch: server.fetch, clock, tokens: { access: await session.accessToken() } });
  assert.equal((await bot.call("GET", "/api/chat/history/global/")).status, 200);
  assert.equal(clock.timers, 1);
  for (const login of server.logins) login.access.clear();
  assert.equal((await failure(bot.call("GET", "/api/chat/history/global/"))).code, "token_not_valid");
  assert.equal(bot.signedIn, false);
});

test("the application's own tokens are asked for when one is needed, and none ends the session", async () => {
  const { session, server, clock } = await annAndServer();
  let asked = 0;
  /** @type {() => any} */
  let give = () => session.renew();
  const own = new Session("http://skald.test", { fetch: server.fetch, clock, getToken: () => (asked++, give()) });
  assert.equal(own.signedIn, true);
  await own.call("GET", "/api/chat/history/global/");
  await own.call("GET", "/api/chat/history/global/");
  assert.equal(asked, 1);
  clock.sleep(300_000);
  await own.call("GET", "/api/chat/history/global/");
  assert.equal(asked, 2);
  for (const login of server.logins) login.access.clear();
  await own.call("GET", "/api/chat/history/global/");
  assert.equal(asked, 3);

  give = () => Promise.reject(new Error("offline"));
  assert.equal((await failure(own.renew())).code, "token_unavailable");
  give = () => new Promise(() => {});
  const hanging = failure(own.renew());
  await clock.advance(30_000);
  assert.equal((await hanging).retryable, true);
  assert.equal(own.signedIn, true);
  give = () => undefined;
  assert.equal((await failure(own.renew())).code, "signed_out");
  assert.equal(own.signedIn, false);
});

test("a request of one user is not made again as another", async () => {
  const { session, server } = await annAndServer();
  server.passwords.set("bob", "12345678");
  for (const login of server.logins) login.access.clear();
  let asked = 0;
  server.interceptRequest = (_, path) => {
    asked += Number(path === "/api/me/sessions/");
    return undefined;
  };
  const deleted = failure(session.call("DELETE", "/api/me/sessions/"));
  const bobIsIn = session.login("bob", "12345678");
  assert.equal((await deleted).code, "signed_out");
  await bobIsIn;
  assert.equal(session.username, "bob");
  assert.ok(asked <= 1);
});

test("a token that lives for longer than a timer can run is not renewed over and over", async () => {
  const { server } = await annAndServer();
  server.accessLifetime = 60 * 24 * 3600_000;
  const session = new Session("http://skald.test", { fetch: server.fetch });
  await session.login("ann", "12345678");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(refreshes(server), 0);
  await session.logout();
});

test("an address that is none, and a platform without fetch, are told at once", () => {
  for (const address of ["chat.example.com", "", "/chat/", "ftp://x/"]) {
    assert.throws(() => new Session(address), { name: "SkaldError", code: "bad_request" });
  }
  assert.equal(new Session("https://chat.test/a?b#c").server, "https://chat.test/a/");
  assert.throws(() => new Session("https://chat.test", { fetch: /** @type {any} */ (1) }), { code: "unsupported", message: /fetch/ });
});

test("a request that nobody answers is given up after 10 s", async () => {
  const { session, server, clock } = await annAndServer();
  const { fetch } = server;
  const hanging = new Session("http://skald.test", {
    clock,
    fetch: /** @type {any} */ ((/** @type {string} */ url, /** @type {any} */ init) => url.endsWith("/api/login/")
      ? fetch(url, init)
      : new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(init.signal.reason)))),
  });
  await hanging.login("ann", "12345678");
  const failed = failure(hanging.call("GET", "/api/me/"));
  await clock.advance(10_000);
  assert.equal((await failed).code, "unreachable");
  assert.equal(session.signedIn, true);
});

test("logging out forgets the tokens even if the server cannot be told, and is no surprise to anyone", async () => {
  const { session, server } = await annAndServer();
  let surprised = false;
  session.on("signedout", () => (surprised = true));
  server.interceptRequest = () => new TypeError("offline");
  assert.equal((await failure(session.logout())).code, "unreachable");
  assert.equal(session.signedIn, false);
  assert.equal((await failure(session.accessToken())).code, "signed_out");
  assert.equal(surprised, false);
});

test("logging out after a long sleep ends the session at the server too", async () => {
  const { session, server, clock } = await annAndServer();
  clock.sleep(3600_000);
  await session.logout();
  assert.equal(server.logins.size, 0);
  assert.equal(clock.timers, 0);
});

test("tokens that arrive after the logout are dropped", async () => {
  const { session } = await annAndServer();
  const renewal = failure(session.renew());
  await session.logout();
  await renewal;
  assert.equal(session.signedIn, false);
});

test("Retry-After is understood where a proxy answers instead of the server", async () => {
  const { session, server } = await annAndServer();
  server.interceptRequest = () => ({ status: 503, headers: { "retry-after": "2" } });
  const error = await failure(session.call("GET", "/api/me/"));
  assert.deepEqual([error.code, error.retryable, error.retryAfterMs], ["server_error", true, 2000]);
});
