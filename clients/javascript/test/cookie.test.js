import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../src/index.js";
import { FakeClock } from "./fake-clock.js";
import { FakeServer, problem } from "./fake-server.js";
import { failure } from "./setup.js";

/** A browser in which ann has logged in, and a way to open more tabs of it. */
async function annInBrowser() {
  const clock = new FakeClock();
  const server = new FakeServer(clock);
  for (const name of ["ann", "bob"]) server.passwords.set(name, "12345678");
  const open = () => new Session("http://skald.test", { keep: "cookie", fetch: server.fetch, clock, random: () => 0.5 });
  const tab = open();
  await tab.login("ann", "12345678");
  return { clock, server, tab, open };
}

test("the refresh token is in the cookie and nowhere else", async () => {
  const { tab, server } = await annInBrowser();
  assert.match(server.cookie, /^refresh-/);
  assert.equal(tab.tokens?.refresh, undefined);
  assert.ok(!JSON.stringify(tab.tokens).includes(server.cookie));
});

test("a reload goes on as the same user, and is told as a change of user", async () => {
  const { server, open } = await annInBrowser();
  const reloaded = open();
  /** @type {any[]} */
  const changes = [];
  reloaded.on("userchange", (change) => changes.push(change));
  assert.equal(reloaded.signedIn, false);
  assert.equal(await reloaded.resume(), true);
  assert.equal(reloaded.username, "ann");
  assert.deepEqual(changes, [{ username: "ann" }]);
  assert.equal(server.loginOf(await reloaded.accessToken())?.username, "ann");
});

test("the session renews itself from the cookie, for days", async () => {
  const { clock, tab } = await annInBrowser();
  await clock.advance(3 * 24 * 3600_000);
  assert.equal(tab.signedIn, true);
});

test("where nothing is kept a resume signs nobody in, and trouble on the way is told", async () => {
  const { server, open } = await annInBrowser();
  server.cookie = "";
  const fresh = open();
  assert.equal(await fresh.resume(), false);
  assert.equal(fresh.signedIn, false);
  server.interceptRequest = () => problem(503, "overloaded", "Busy.");
  assert.equal((await failure(fresh.resume())).code, "overloaded");
});

test("two tabs that renew at the same time both stay signed in", async () => {
  const { clock, tab, open } = await annInBrowser();
  const other = open();
  await other.resume();
  clock.sleep(3600_000);
  await Promise.all([tab.renew(), other.renew()]);
  await clock.advance(3600_000);
  assert.deepEqual([tab.signedIn, other.signedIn], [true, true]);
});

test("a logout in one tab signs the other out at its next renewal, and a reload stays out", async () => {
  const { tab, open } = await annInBrowser();
  const other = open();
  await other.resume();
  await tab.logout();
  assert.equal((await failure(other.renew())).code, "token_not_valid");
  assert.equal(other.signedIn, false);
  assert.equal(await open().resume(), false);
});

test("another user who signs in in another tab is never taken for this one", async () => {
  const { clock, server, tab, open } = await annInBrowser();
  const other = open();
  await other.login("bob", "12345678");
  assert.equal((await failure(tab.renew())).code, "signed_out");
  assert.equal(tab.signedIn, false);
  assert.equal(other.signedIn, true);

  // Nor is bob's session ended by a logout that needs a new token first.
  const late = open();
  await late.login("ann", "12345678");
  await other.login("bob", "12345678");
  clock.sleep(3600_000);
  await failure(late.logout());
  assert.equal(server.loginOf(await other.accessToken())?.username, "bob");
});

test("without being asked to, a session neither sends nor takes a cookie", async () => {
  const { clock, server, open } = await annInBrowser();
  const kept = server.cookie;
  const plain = new Session("http://skald.test", { fetch: server.fetch, clock });
  assert.equal(await plain.resume(), false);
  await plain.login("bob", "12345678");
  await plain.renew();
  await plain.logout();
  assert.equal(server.cookie, kept);
  assert.equal(await open().resume(), true);
});
