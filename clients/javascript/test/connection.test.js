import assert from "node:assert/strict";
import { test } from "node:test";
import { SkaldClient } from "../src/index.js";
import { settled } from "./fake-clock.js";
import { problem } from "./fake-server.js";
import { annAndServer, annInRoom, failure } from "./setup.js";

const names = (/** @type {{state: string}[]} */ states) => states.map(({ state }) => state);

test("the token is in the first frame and in no address", async () => {
  const { server, session, client } = await annAndServer();
  /** @type {string[]} */
  const addresses = [];
  const WebSocket = server.WebSocket;
  const other = new SkaldClient(session, {
    WebSocket: class extends WebSocket {
      constructor(/** @type {URL} */ url) {
        super(url);
        addresses.push(String(url));
      }
    },
  });
  other.connect();
  await other.join("global");
  assert.deepEqual(addresses, ["ws://skald.test/ws/"]);
  assert.deepEqual(server.received.map(({ command }) => command.type), ["auth", "join"]);
  assert.equal(server.received[0].command.token, await session.accessToken());
  other.close();
  assert.equal(client.state.state, "closed");
});

test("the states are told in order: connecting, ready, reconnecting with attempt and delay, ready, closed", async () => {
  const { server, client, clock, states } = await annInRoom();
  server.dropAll();
  await settled();
  const { attempt, delay } = states.at(-1);
  assert.equal(attempt, 1);
  assert.ok(delay >= 0 && delay < 250);
  await clock.advance(delay);
  client.close();
  assert.deepEqual(names(states), ["connecting", "ready", "reconnecting", "ready", "closed"]);
});

test("a server that is away is tried ever more rarely, and at least each 10 s", async () => {
  const { server, client, clock, states } = await annAndServer();
  server.refuseSockets = true;
  client.connect();
  await clock.advance(120_000);
  const delays = states.filter(({ state }) => state === "reconnecting").map(({ delay }) => delay);
  delays.forEach((delay, i) => assert.ok(delay <= Math.min(10_000, 250 * 2 ** i)));
  assert.ok(delays.length >= 15 && delays.length <= 50, `${delays.length} attempts in 2 minutes`);
  server.refuseSockets = false;
  await clock.until(() => client.state.state === "ready", 11_000);
});

test("a connection that ends right after it was made does not make the client hasty", async () => {
  const { server, client, clock, states } = await annInRoom();
  for (let i = 0; i < 6; i++) {
    server.dropAll();
    await clock.until(() => client.state.state === "ready");
  }
  server.dropAll();
  await settled();
  assert.equal(states.at(-1).attempt, 7);
  await clock.until(() => client.state.state === "ready");
  await clock.advance(6_000);
  server.dropAll();
  await settled();
  assert.equal(states.at(-1).attempt, 1);
});

test("a draining server is left for as long as it asks", async () => {
  const { server, client, clock, states } = await annInRoom();
  server.closeAll(4001, "drain", 1840);
  await settled();
  assert.deepEqual(states.at(-1), { state: "reconnecting", attempt: 1, delay: 1840 });
  await clock.advance(1839);
  assert.equal(server.sockets, 1);
  await clock.advance(1);
  assert.equal(client.state.state, "ready");
});

test("what `closing` said holds even if the socket breaks before its close frame", async () => {
  const { server, states } = await annInRoom();
  for (const peer of [...server.peers]) {
    peer.tell({ type: "closing", code: 4001, reason: "drain", reconnect: true, reconnect_after_ms: 900 });
    peer.break();
  }
  await settled();
  assert.equal(states.at(-1).delay, 900);
});

test("a server that says closing and does not close is left", async () => {
  const { server, clock, states } = await annInRoom();
  for (const peer of server.peers) peer.tell({ type: "closing", code: 4001, reason: "drain", reconnect: true, reconnect_after_ms: 900 });
  await clock.advance(2_000);
  assert.deepEqual(states.at(-1), { state: "reconnecting", attempt: 1, delay: 900 });
});

test("a slow reader that was cut off comes back and misses nothing", async () => {
  const { server, clock, seen, client } = await annInRoom();
  server.say("global", "bob", "one");
  await settled();
  server.closeAll(4008, "slow_consumer");
  for (let i = 0; i < 1500; i++) server.say("global", "bob", "many");
  await clock.until(() => seen.length === 1501);
  assert.equal(client.state.state, "ready");
  assert.deepEqual(seen.map(({ seq }) => seq), Array.from({ length: 1501 }, (_, i) => i + 1));
});

test("a close that needs a person is not followed by another attempt, and connect() takes up where it was", async () => {
  const { server, client, clock, states, seen } = await annInRoom();
  server.closeAll(4409, "too_many_connections");
  server.say("global", "bob", "missed");
  await clock.advance(60_000);
  assert.deepEqual(states.at(-1), { state: "closed", reason: "too_many_connections", code: 4409 });
  assert.equal(server.sockets, 1);
  client.connect();
  await settled();
  assert.deepEqual(seen.map(({ message }) => message), ["missed"]);
});

test("after 4401 the token is renewed once and the connection made again", async () => {
  const { server, client, clock, session } = await annInRoom();
  const before = await session.accessToken();
  for (const login of server.logins) login.access.clear();
  server.closeAll(4401, "token_not_valid");
  await clock.until(() => client.state.state === "ready");
  assert.notEqual(await session.accessToken(), before);
  assert.equal(server.sockets, 2);
});

test("after 4401 in spite of a new token the user is signed out, and nothing is tried any more", async () => {
  const { server, client, clock, session, states } = await annInRoom();
  server.intercept = ({ type }, peer) => {
    if (type === "auth") peer.close(4401, "token_not_valid");
    return type === "auth";
  };
  /** @type {string[]} */
  const ends = [];
  client.on("signedout", (error) => ends.push(error.code));
  server.dropAll();
  const unsent = failure(client.send("global", "x"));
  await clock.until(() => ends.length === 1);
  await clock.advance(60_000);
  assert.equal((await unsent).code, "signed_out");
  assert.equal(session.signedIn, false);
  assert.equal(server.sockets, 3);
  assert.deepEqual(ends, ["token_not_valid"]);
  assert.equal(states.at(-1).state, "closed");
});

test("a session that was ended elsewhere signs the user out at once", async () => {
  const { server, client, clock, states } = await annInRoom();
  let told = 0;
  client.on("signedout", () => told++);
  for (const login of server.logins) server.endLogin(login);
  await clock.until(() => told === 1);
  assert.deepEqual(states.at(-1), { state: "closed", reason: "signed_out" });
  assert.deepEqual(client.rooms, []);
});

test("while new tokens cannot be had for a network that is away, nobody is signed out", async () => {
  const { server, client, clock, session } = await annInRoom();
  server.interceptRequest = () => new TypeError("offline");
  server.refuseSockets = true;
  server.dropAll();
  await clock.advance(3600_000);
  assert.equal(session.signedIn, true);
  assert.equal(client.state.state, "reconnecting");
  server.interceptRequest = () => undefined;
  server.refuseSockets = false;
  await clock.until(() => client.state.state === "ready", 11_000);
});

test("a server too busy to renew tokens is asked again when it said", async () => {
  const { server, client, clock, states } = await annInRoom();
  clock.sleep(400_000);
  server.interceptRequest = (_, path) => (path === "/api/token/refresh/" ? problem(503, "overloaded", "Busy.") : undefined);
  server.dropAll();
  await clock.advance(100);
  server.interceptRequest = () => undefined;
  await clock.until(() => client.state.state === "ready");
  assert.ok(states.some(({ attempt }) => attempt === 2));
});

test("a peer that went silent is noticed within 25 s, and a quiet one that answers is kept", async () => {
  const { server, clock, states } = await annInRoom();
  await clock.advance(120_000);
  assert.equal(states.at(-1).state, "ready");
  assert.ok(server.commands("ping").length >= 6);
  for (const peer of server.peers) peer.mute = true;
  await clock.advance(25_000);
  assert.ok(names(states).includes("reconnecting"));
});

test("where messages are heard, no ping is needed", async () => {
  const { server, clock } = await annInRoom();
  for (let i = 0; i < 12; i++) {
    await clock.advance(10_000);
    server.say("global", "bob", "hi");
  }
  assert.equal(server.commands("ping").length, 0);
});

test("a command left unanswered ends the connection, and the message is sent on the next", async () => {
  const { server, client, clock } = await annInRoom();
  let swallowed = 0;
  server.intercept = ({ type }) => type === "send" && swallowed++ === 0;
  const ack = client.send("global", "hello");
  await clock.until(() => server.log("global").length === 1, 50_000);
  assert.equal((await ack).seq, 1);
  assert.equal(server.sockets, 2);
});

test("a server that takes the socket and says nothing is given up after 10 s", async () => {
  const { server, client, clock, states } = await annAndServer();
  server.intercept = () => true;
  client.connect();
  await clock.advance(9_999);
  assert.equal(states.at(-1).state, "connecting");
  await clock.advance(1);
  assert.equal(states.at(-1).state, "reconnecting");
  server.intercept = () => false;
  await clock.until(() => client.state.state === "ready");
});

test("when the network is back, or the page is looked at, there is no more waiting", async () => {
  const { server, client, clock, states, wake } = await annInRoom();
  server.refuseSockets = true;
  server.dropAll();
  await clock.until(() => states.at(-1).delay > 2000);
  server.refuseSockets = false;
  wake();
  await settled();
  assert.equal(client.state.state, "ready");
});

test("when woken on a connection that has died meanwhile, it is noticed in 5 s", async () => {
  const { server, clock, states, wake } = await annInRoom();
  for (const peer of server.peers) peer.mute = true;
  wake();
  await clock.advance(5_000);
  assert.equal(states.some(({ state }) => state === "reconnecting"), true);
});

test("after a long sleep the connection is asked before it is given up", async () => {
  const { server, clock, states } = await annInRoom();
  clock.sleep(3600_000);
  await clock.advance(1_000);
  assert.equal(server.commands("ping").length, 1);
  assert.deepEqual(names(states), ["connecting", "ready"]);
});

test("what is no frame ends the connection, not the client", async () => {
  const { server, client, clock } = await annInRoom();
  for (const peer of server.peers) peer.wire.send("<html>");
  await settled();
  assert.equal(client.state.state, "reconnecting");
  await clock.until(() => client.state.state === "ready");
});

test("a frame of a type yet unknown is passed over, and moves nothing even if it has a seq", async () => {
  const { server, client, room } = await annInRoom();
  for (const peer of server.peers) peer.tell({ type: "typing", room: "global", seq: 1, username: "bob" });
  await settled();
  assert.equal(client.state.state, "ready");
  assert.equal(room.cursor, 0);
});

test("a listener that closes the client has the last word, whatever it was told", async () => {
  for (const told of ["connecting", "reconnecting", "wake", "ready", "closed"]) {
    const { server, client, clock, wake } = await annAndServer();
    const stop = client.on("state", (state) => {
      if (state.state === told || (told === "wake" && state.state === "reconnecting" && state.delay === 0)) client.close();
    });
    client.connect();
    await settled();
    if (told === "reconnecting" || told === "wake") {
      server.dropAll();
      await clock.advance(told === "wake" ? 0 : 20_000);
      wake();
    }
    if (told === "closed") client.close();
    await clock.advance(20_000);
    assert.deepEqual([told, client.state.state, server.peers.size], [told, "closed", 0]);
    stop();
  }
  for (const type of /** @type {const} */ (["message", "positionlost", "roomlost", "resumed", "error", "entry"])) {
    const { server, client, clock, states } = await annInRoom();
    await client.join("secret");
    client.on(type, () => client.close());
    server.intercept = ({ type: command, id }, peer) => {
      if (command !== "resume") return false;
      if (type === "error") peer.tell({ type: "error", code: "overloaded", detail: "Busy.", retryable: true });
      if (type === "roomlost") peer.tell({ type: "error", re: id, room: "secret", code: "forbidden", detail: "No.", retryable: false });
      if (type === "entry") {
        peer.tell({ type: "joined", re: id, room: "global", seq: 1, since: 0, complete: true, first_seq: 1, epoch: "epoch-1" });
        peer.tell({ type: "entry", room: "global", seq: 1, kind: "pin" });
      }
      return type !== "message" && type !== "positionlost" && type !== "resumed";
    };
    server.dropAll();
    if (type === "message") server.say("global", "bob", "hi");
    if (type === "positionlost") server.epoch = "epoch-2";
    await clock.advance(20_000);
    assert.deepEqual([type, client.state.state, states.at(-1).state, server.peers.size], [type, "closed", "closed", 0]);
  }
});

test("what is written while a listener closes the client is not left for the next user", async () => {
  /** @type {import("../src/index.js").SkaldClient} */
  let client;
  const storage = {
    load: () => [1, 2].map((at) => ({ client_msg_id: `kept-${at}-0000`, room: "global", text: "kept", at })),
    save: () => client.close(),
    remove: () => {},
  };
  const world = await annAndServer({ storage });
  client = world.client;
  assert.equal((await failure(client.send("global", "x"))).code, "closed");
  const stop = client.outbox.on("queued", () => (stop(), client.close()));
  client.connect();
  await world.clock.advance(20_000);
  assert.equal(client.outbox.messages.length, 0);
  assert.equal(world.server.peers.size, 0);
});

test("when the platform says that the network has gone, the state says so at once, and the silence is noticed in 5 s", async () => {
  const { server, client, clock, states, offline, wake } = await annInRoom();
  for (const peer of server.peers) peer.mute = true;
  server.refuseSockets = true;
  offline();
  assert.deepEqual(states.at(-1), { state: "ready", offline: true });
  await clock.advance(5_000);
  assert.equal(client.state.state, "reconnecting");
  assert.equal(states.at(-1).offline, true);
  server.refuseSockets = false;
  wake();
  await settled();
  assert.deepEqual(states.at(-1), { state: "ready" });
});

test("a server that answers although the platform sees no network is believed", async () => {
  const { states, offline } = await annInRoom();
  offline();
  await settled();
  assert.deepEqual(
    states.map(({ state, offline }) => [state, offline]),
    [["connecting", undefined], ["ready", undefined], ["ready", true], ["ready", undefined]]
  );
});

test("where no WebSocket gets through although the server answers, the state says so until one does", async () => {
  const { server, client, clock, states } = await annAndServer();
  /** @type {string[]} */
  const errors = [];
  client.on("error", ({ code }) => errors.push(code));
  server.refuseSockets = true;
  client.connect();
  await clock.advance(60_000);
  assert.equal(states.at(-1).reason, "socket_blocked");
  assert.deepEqual(errors, ["socket_blocked"]);
  assert.equal(server.requests.filter(({ path }) => path === "/ws/").length, 1);
  server.refuseSockets = false;
  await clock.until(() => client.state.state === "ready", 11_000);
  server.dropAll();
  await settled();
  assert.equal(states.at(-1).reason, undefined);
  client.close();

  // Where the server does not answer either, it is the network.
  server.refuseSockets = true;
  server.interceptRequest = () => new TypeError("offline");
  states.length = 0;
  client.connect();
  await clock.advance(60_000);
  assert.ok(states.length > 3 && states.every(({ reason }) => reason === undefined));
});

test("what the platform lacks is named where the client is made", async () => {
  const { session } = await annAndServer();
  assert.throws(() => new SkaldClient(session, { WebSocket: /** @type {any} */ (null) }), { code: "unsupported", message: /WebSocket/ });
});

test("an error that answers no command is told", async () => {
  const { server, client } = await annInRoom();
  /** @type {string[]} */
  const errors = [];
  client.on("error", ({ code }) => errors.push(code));
  for (const peer of server.peers) peer.tell({ type: "error", code: "rate_limited", detail: "Slower.", retryable: true });
  await settled();
  assert.deepEqual(errors, ["rate_limited"]);
});

test("a closed client lets go of everything", async () => {
  const { server, client, clock, session } = await annInRoom();
  server.intercept = ({ type }) => type === "send" || type === "join";
  const unsent = failure(client.send("global", "x"));
  const joining = failure(client.join("tech"));
  client.close();
  assert.equal((await unsent).code, "closed");
  assert.equal((await joining).code, "closed");
  await session.logout();
  await settled();
  assert.equal(server.peers.size, 0);
  assert.equal(clock.timers, 0);
  assert.deepEqual(client.rooms, []);
});

test("a client closed while it waits for a token opens no socket", async () => {
  const { server, client, clock } = await annAndServer();
  clock.sleep(3600_000);
  client.connect();
  client.close();
  await clock.advance(20_000);
  assert.equal(server.sockets, 0);
});
