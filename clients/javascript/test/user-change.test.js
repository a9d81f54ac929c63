import assert from "node:assert/strict";
import { test } from "node:test";
import { Session, SkaldClient } from "../src/index.js";
import { settled } from "./fake-clock.js";
import { annInRoom, failure } from "./setup.js";
import { memory } from "./memory.js";

for (const offline of [true, false]) {
  test(`what one user wrote is never sent as another, nor their rooms entered (${offline ? "offline" : "online"})`, async () => {
    const storage = memory();
    const { server, session, client, clock, states } = await annInRoom({ storage });
    server.passwords.set("bob", "12345678");
    await client.join("for-ann");
    server.intercept = ({ type }) => type === "send";
    if (offline) {
      server.refuseSockets = true;
      server.dropAll();
      await settled();
    }
    const unsent = failure(client.send("for-ann", "for ann's eyes"));
    await settled();
    await session.logout();
    await session.login("bob", "12345678");
    server.refuseSockets = false;
    server.intercept = () => false;
    await clock.advance(20_000);
    assert.equal((await unsent).code, "signed_out");
    assert.deepEqual(states.at(-1), { state: "closed", reason: "signed_out" });
    server.received.length = 0;
    client.connect();
    await clock.advance(20_000);
    assert.equal(client.username, "bob");
    assert.deepEqual(server.received.map(({ command }) => command.type).filter((type) => type !== "ping"), ["auth"]);
    assert.equal(server.log("for-ann").length, 0);
    assert.deepEqual(Array.from(storage.kept.keys(), (key) => key.split("/")[0]), ["ann"]);
    client.close();

    // It waits for her.
    await session.login("ann", "12345678");
    client.connect();
    await clock.until(() => server.log("for-ann").length === 1);
    assert.equal(server.log("for-ann")[0].username, "ann");
  });
}

test("signing in as another without signing out first lets go of everything too", async () => {
  const { server, session, client } = await annInRoom();
  server.passwords.set("bob", "12345678");
  await session.login("ANN", "12345678").catch(() => {});
  assert.equal(client.state.state, "ready");
  await session.login("bob", "12345678");
  assert.equal(client.state.state, "closed");
  assert.deepEqual(client.rooms, []);
  assert.equal(client.username, undefined);
});

test("where the application's token is suddenly another user's, nothing is sent or resumed as that one", async () => {
  const { server, session, clock, random, client: other } = await annInRoom();
  other.close();
  server.passwords.set("bob", "12345678");
  const bobs = new Session("http://skald.test", { fetch: server.fetch, clock });
  await bobs.login("bob", "12345678");
  let whose = session;
  const own = new Session("http://skald.test", { fetch: server.fetch, clock, getToken: () => whose.accessToken() });
  const client = new SkaldClient(own, { WebSocket: server.WebSocket, clock, random });
  client.connect();
  await client.join("for-ann");
  assert.equal(client.username, "ann");
  server.refuseSockets = true;
  server.dropAll();
  const unsent = failure(client.send("for-ann", "for ann's eyes"));
  await settled();
  whose = bobs;
  server.received.length = 0;
  clock.sleep(300_000);
  server.refuseSockets = false;
  /** @type {string[]} */
  const ends = [];
  client.on("signedout", ({ code }) => ends.push(code));
  await clock.until(() => client.state.state === "closed");
  assert.equal((await unsent).code, "signed_out");
  assert.deepEqual(ends, ["signed_out"]);
  assert.equal(server.log("for-ann").length, 0);
  assert.deepEqual(server.received.map(({ command }) => command.type), ["auth"]);
});

test("what is written before the first connection is kept at once", async () => {
  const storage = memory();
  const { server, session, client, clock } = await annInRoom();
  client.close();
  const early = new SkaldClient(session, { WebSocket: server.WebSocket, storage, clock });
  early.send("global", "before connect").catch(() => {});
  assert.equal(storage.kept.size, 1);

  await session.logout();
  const nobody = new SkaldClient(session, { WebSocket: server.WebSocket, storage, clock });
  const sent = nobody.send("global", "before login");
  assert.equal(storage.kept.size, 1);
  await session.login("ann", "12345678");
  assert.equal(storage.kept.size, 2);
  nobody.connect();
  await sent;
  await clock.until(() => server.log("global").length === 2);
  assert.equal(storage.kept.size, 0);
});

test("a storage that fails loses what it should have kept, and nothing else", async () => {
  const fails = () => {
    throw new Error("QuotaExceeded");
  };
  const { client } = await annInRoom({ storage: { load: fails, save: fails, remove: fails } });
  /** @type {string[]} */
  const errors = [];
  client.on("error", ({ code }) => errors.push(code));
  assert.equal((await client.send("global", "hello")).seq, 1);
  assert.deepEqual(errors, ["storage_unavailable", "storage_unavailable"]);
});
