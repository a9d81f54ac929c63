import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";
import { Session, SkaldClient } from "../src/index.js";
import { FakeServer } from "./fake-server.js";
import { listen } from "./listen.js";

// The same client against real sockets: here a server of this folder; with SKALD_URL set, a running Skald.

/** @param {string} url @param {string} username */
async function signIn(url, username) {
  const session = new Session(url);
  await session.register({ username, password: "12345678" });
  await session.login(username, "12345678");
  const client = new SkaldClient(session, { WebSocket });
  client.connect();
  return { session, client };
}

/** @param {string} url */
async function talk(url) {
  const tag = crypto.randomUUID().slice(0, 8);
  const name = `room-${tag}`;
  const ann = await signIn(url, `ann-${tag}`);
  const bob = await signIn(url, `bob-${tag}`);
  try {
    /** @type {string[]} */
    const seen = [];
    const heard = new EventTarget();
    const onMessage = (/** @type {{message: string}} */ { message }) => {
      seen.push(message);
      heard.dispatchEvent(new Event(String(seen.length)));
    };
    const hears = (/** @type {number} */ count) =>
      seen.length >= count || new Promise((resolve) => heard.addEventListener(String(count), resolve));

    const room = await bob.client.join(name, { onMessage });
    const first = await ann.client.send(name, "grüße 👋");
    assert.deepEqual([first.room, first.seq, first.duplicate], [name, 1, false]);
    await ann.client.send(name, "two");
    await hears(2);

    bob.client.close();
    await ann.client.send(name, "while bob is away");
    bob.client.connect();
    await bob.client.join(name, { since: room.cursor, epoch: room.epoch, onMessage });
    const id = crypto.randomUUID();
    const ack = await bob.client.send(name, "four", { client_msg_id: id });
    const repeated = await bob.client.send(name, "four", { client_msg_id: id });
    assert.equal(repeated.seq, ack.seq);
    await hears(4);
    assert.deepEqual(seen, ["grüße 👋", "two", "while bob is away", "four"]);

    const page = await ann.client.history(name, { limit: 3 });
    assert.deepEqual(page.messages.map(({ seq }) => seq), [2, 3, 4]);
    assert.equal(page.before, 2);
    const earlier = await ann.client.history(name, { before: page.before, limit: 3 });
    assert.deepEqual([earlier.messages.map(({ seq }) => seq), earlier.before], [[1], undefined]);

    const signedOut = new Promise((resolve) => bob.client.on("signedout", resolve));
    await bob.session.renew();
    await bob.session.logout();
    await signedOut;
    assert.equal(seen.length, 4);
  } finally {
    ann.client.close();
    bob.client.close();
    await ann.session.logout();
  }
}

test("two people talk over real sockets, and one of them goes away and comes back", { timeout: 20_000 }, async (t) => {
  const served = await listen(new FakeServer());
  t.after(served.close);
  await talk(served.url);
});

const skald = process.env.SKALD_URL;
test("the same with a running Skald", { timeout: 20_000, skip: skald ? false : "SKALD_URL is not set" }, () => talk(String(skald)));
