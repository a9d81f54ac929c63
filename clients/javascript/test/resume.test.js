import assert from "node:assert/strict";
import { test } from "node:test";
import { randomOf, settled } from "./fake-clock.js";
import { annAndServer, annInRoom, failure } from "./setup.js";

const seqs = (/** @type {{seq: number}[]} */ messages) => messages.map(({ seq }) => seq);
const upTo = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => i + 1);

test("after a lost connection all rooms are resumed in one frame, from their cursors and in their log", async () => {
  const { server, client, clock } = await annInRoom();
  await client.join("tech");
  for (let i = 0; i < 3; i++) server.say("global", "bob", "hi");
  server.say("tech", "bob", "hi");
  await settled();
  server.dropAll();
  await clock.until(() => server.commands("resume").length === 1);
  const [{ epoch, rooms }] = server.commands("resume");
  assert.deepEqual([epoch, rooms], ["epoch-1", { global: 3, tech: 1 }]);
  assert.equal(server.commands("join").length, 2);
});

test("what was missed comes once and in order, and its number is told, one's own messages not counted", async () => {
  const { server, client, clock, seen } = await annInRoom();
  /** @type {any[]} */
  const resumed = [];
  client.on("resumed", (what) => resumed.push(what));
  server.say("global", "bob", "one");
  await settled();
  server.dropAll();
  for (const name of ["bob", "cid", "ann", "bob"]) server.say("global", name, "missed");
  await clock.until(() => resumed.length > 0);
  assert.deepEqual(seqs(seen), upTo(5));
  assert.deepEqual(resumed, [{ missed: 3, rooms: new Map([["global", 3]]), lost: [] }]);
});

test("a first connection is not announced as a return", async () => {
  const { server, client, clock } = await annAndServer();
  let told = false;
  client.on("resumed", () => (told = true));
  server.say("global", "bob", "hi");
  client.connect();
  await client.join("global", { since: 0 });
  await clock.advance(1000);
  assert.equal(told, false);
});

for (let seed = 1; seed <= 40; seed++) {
  test(`whatever breaks and when, nothing is lost, repeated or out of order (seed ${seed})`, async () => {
    const { server, client, clock, seen, room } = await annInRoom({ seed });
    const random = randomOf(seed * 7919);
    const other = await client.join("tech");
    /** @type {any[]} */
    const inTech = [];
    other.on("message", (message) => inTech.push(message));
    server.breaks = () => random() < 0.12;
    let broken = 0;
    client.on("state", ({ state }) => (broken += Number(state === "reconnecting")));
    /** @type {Promise<any>[]} */
    const acks = [];
    for (let i = 0; i < 60; i++) {
      if (random() < 0.5) server.say(random() < 0.7 ? "global" : "tech", "bob", `bob ${i}`);
      if (random() < 0.3) acks.push(client.send(random() < 0.7 ? "global" : "tech", `ann ${i}`));
      if (random() < 0.3) await clock.advance(Math.floor(random() * 3000));
    }
    server.breaks = () => false;
    await clock.until(() =>
      room.cursor === server.log("global").length && other.cursor === server.log("tech").length
      && client.outbox.messages.length === 0);
    await Promise.all(acks);
    assert.ok(broken > 0);
    for (const [name, received] of /** @type {[string, any[]][]} */ ([["global", seen], ["tech", inTech]])) {
      assert.deepEqual(seqs(received), upTo(server.log(name).length));
      const own = server.log(name).filter(({ username }) => username === "ann").map(({ message }) => Number(message.slice(4)));
      assert.deepEqual(own, [...new Set(own)].sort((a, b) => a - b), "sent once and in order");
    }
  });
}

test("a repeated message is passed over", async () => {
  const { server, seen } = await annInRoom();
  const message = server.say("global", "bob", "hi");
  for (const peer of server.peers) peer.tell(message);
  await settled();
  assert.deepEqual(seqs(seen), [1]);
});

test("a gap is filled from the cursor before anything after it is shown", async () => {
  const { server, seen, clock, states } = await annInRoom();
  server.say("global", "bob", "one");
  await settled();
  const [peer] = server.peers;
  peer.mute = true;
  server.say("global", "bob", "two");
  peer.mute = false;
  server.say("global", "bob", "three");
  server.say("global", "bob", "four");
  await clock.advance(100);
  assert.deepEqual(seqs(seen), [1, 2, 3, 4]);
  assert.deepEqual(server.commands("join").map(({ since, epoch }) => [since, epoch]), [[undefined, undefined], [1, "epoch-1"]]);
  assert.equal(states.at(-1).state, "ready");
});

test("a gap that stays is tried on another connection, not on the same one for ever", async () => {
  const { server, seen, clock, room } = await annInRoom();
  server.intercept = ({ type, id, room: name }, peer) => {
    if (type !== "join") return false;
    peer.tell({ type: "joined", re: id, room: name, seq: 3, since: 0, complete: true, first_seq: 1, epoch: "epoch-1" });
    peer.tell({ ...server.log(name)[2] });
    return true;
  };
  for (const text of ["one", "two", "three"]) server.log("global").push({ ...messageLike(server.log("global").length + 1), message: text });
  for (const peer of server.peers) peer.tell(server.log("global")[2]);
  await clock.until(() => room.cursor === 3);
  assert.deepEqual(seqs(seen), [1, 2, 3]);
  assert.equal(server.sockets, 2);
});

/** @param {number} seq @returns {import("./fake-server.js").Message} */
function messageLike(seq) {
  return {
    type: "chat_message", room: "global", seq, username: "bob", message: "", timestamp: "2026-02-21T00:00:00.000000Z", version: seq,
  };
}

test("where the log was trimmed beyond the cursor, the application is told, and messages go on from the oldest kept", async () => {
  const { server, client, clock, seen } = await annInRoom();
  /** @type {any[]} */
  const lost = [];
  client.on("positionlost", (what) => lost.push(what));
  server.say("global", "bob", "one");
  await settled();
  server.refuseSockets = true;
  server.dropAll();
  for (let i = 0; i < 8; i++) server.say("global", "bob", "missed");
  server.firstSeq.set("global", 6);
  server.refuseSockets = false;
  await clock.until(() => seen.length > 1);
  await settled();
  assert.deepEqual(lost, [{ room: "global", from: 1, firstSeq: 6, seq: 9 }]);
  assert.deepEqual(seqs(seen), [1, 6, 7, 8, 9]);
});

test("where the log was replaced, the application is told, and the room goes on in the new log", async () => {
  const { server, client, clock, seen, room } = await annInRoom();
  /** @type {any[]} */
  const lost = [];
  client.on("positionlost", (what) => lost.push([what.from, what.seq]));
  /** @type {any[]} */
  const resumed = [];
  client.on("resumed", (what) => resumed.push(what));
  for (let i = 0; i < 9; i++) server.say("global", "bob", "old");
  await settled();
  server.epoch = "epoch-2";
  server.log("global").length = 4;
  server.dropAll();
  await clock.until(() => resumed.length === 1);
  assert.deepEqual(lost, [[9, 4]]);
  assert.deepEqual(resumed, [{ missed: 0, rooms: new Map(), lost: ["global"] }]);
  server.say("global", "bob", "new");
  await settled();
  assert.deepEqual([seen.at(-1)?.seq, room.epoch], [5, "epoch-2"]);
  server.dropAll();
  await clock.until(() => server.commands("resume").length === 2);
  assert.equal(server.commands("resume")[1].epoch, "epoch-2");
});

test("a room that cannot be entered again is told as lost, and the others go on", async () => {
  const { server, client, clock, seen } = await annInRoom();
  await client.join("secret");
  server.intercept = (command, peer) => {
    if (command.type !== "resume") return false;
    peer.answer({ ...command, rooms: { global: command.rooms.global } });
    peer.tell({ type: "error", re: command.id, room: "secret", code: "forbidden", detail: "Not allowed.", retryable: false });
    return true;
  };
  /** @type {any[]} */
  const lost = [];
  client.on("roomlost", ({ room, error }) => lost.push([room, error.code]));
  server.dropAll();
  server.say("global", "bob", "hi");
  await clock.until(() => lost.length === 1);
  assert.deepEqual(lost, [["secret", "forbidden"]]);
  assert.deepEqual(client.rooms.map(({ name }) => name), ["global"]);
  assert.deepEqual(seqs(seen), [1]);
});

test("a whole resume that was put off is made again, and messages wait for it", async () => {
  const { server, client, clock, seen } = await annInRoom();
  let refusals = 1;
  server.intercept = ({ type, id }, peer) => {
    if (type !== "resume" || refusals-- <= 0) return false;
    peer.tell({ type: "error", re: id, code: "rate_limited", detail: "Slower.", retryable: true, retry_after_ms: 700 });
    return true;
  };
  server.dropAll();
  server.say("global", "bob", "hi");
  await clock.until(() => seen.length === 1);
  assert.equal(client.state.state, "ready");
  assert.equal((await client.send("global", "hello")).seq, 2);
});

test("many rooms are entered by one command, and those put off are tried by one more when the wait is over", async () => {
  const { server, client, clock } = await annAndServer();
  const names = Array.from({ length: 128 }, (_, i) => `room-${i}`);
  let allowed = 30;
  server.intercept = (command, peer) => {
    if (command.type !== "resume" && command.type !== "join") return false;
    for (const [room, since] of Object.entries(command.rooms)) {
      if (allowed-- > 0) peer.answer({ ...command, rooms: { [room]: since } });
      else peer.tell({
        type: "error", re: command.id, room, code: "rate_limited", detail: "Slower.", retryable: true, retry_after_ms: 2000,
      });
    }
    return true;
  };
  const joined = names.map((name) => client.join(name));
  client.connect();
  await settled();
  assert.deepEqual(server.commands("resume").map(({ rooms }) => Object.keys(rooms).length), [128]);
  assert.deepEqual(new Set(Object.values(server.commands("resume")[0].rooms)), new Set([null]));
  allowed = 60;
  await clock.advance(2000);
  allowed = 60;
  await clock.advance(2000);
  await Promise.all(joined);
  assert.deepEqual(server.commands("resume").map(({ rooms }) => Object.keys(rooms).length), [128, 98, 38]);
  assert.equal(server.commands("join").length, 0);
});

test("a room is left when the last of its users leaves, and each one's listener ends with it", async () => {
  const { server, client } = await annAndServer();
  client.connect();
  /** @type {string[]} */
  const heard = [];
  // As React's StrictMode does: mount, unmount, mount.
  const first = client.join("global", { onMessage: () => heard.push("first") });
  first.leave();
  const second = client.join("global", { onMessage: () => heard.push("second") });
  const third = client.join("global", { onMessage: () => heard.push("third") });
  await Promise.all([second, third]);
  server.say("global", "bob", "hi");
  await settled();
  assert.deepEqual(heard, ["second", "third"]);
  second.leave();
  second.leave();
  first.leave();
  server.say("global", "bob", "hi");
  await settled();
  assert.deepEqual(heard, ["second", "third", "third"]);
  assert.equal(client.rooms.length, 1);
  third.leave();
  await settled();
  assert.deepEqual(client.rooms, []);
  assert.equal(server.commands("leave").length, 1);

  const fourth = client.join("global");
  const fifth = client.join("global");
  await fourth;
  client.leave("global");
  assert.deepEqual(client.rooms, []);
  fifth.leave();
  await client.join("global");
  fourth.leave();
  assert.equal(client.rooms.length, 1);
});

test("a hole that no connection fills is told, and the room goes on behind it instead of asking for ever", async () => {
  const { server, client, clock, seen } = await annInRoom();
  server.log("global").length = 0;
  for (let seq = 1; seq <= 3; seq++) server.log("global").push({ ...messageLike(seq), message: String(seq) });
  server.intercept = (command, peer) => {
    if (command.type !== "join" && command.type !== "resume") return false;
    const since = command.since ?? command.rooms.global;
    peer.rooms.add("global");
    peer.tell({ type: "joined", re: command.id, room: "global", seq: 3, since, complete: true, first_seq: 1, epoch: "epoch-1" });
    for (const message of server.log("global").slice(since)) if (message.seq !== 2) peer.tell(message);
    return true;
  };
  /** @type {any[]} */
  const lost = [];
  client.on("positionlost", (what) => lost.push(what));
  for (const peer of server.peers) peer.tell(server.log("global")[0]);
  for (const peer of server.peers) peer.tell(server.log("global")[2]);
  await clock.advance(60_000);
  assert.deepEqual(seqs(seen), [1, 3]);
  assert.deepEqual(lost, [{ room: "global", from: 1, firstSeq: 3, seq: 3 }]);
  assert.equal(server.sockets, 2);
  server.say("global", "bob", "goes on");
  await settled();
  assert.deepEqual(seqs(seen), [1, 3, 4]);
  assert.equal(client.state.state, "ready");
});

test("a room can be joined from a position the application kept", async () => {
  const { server, client } = await annAndServer();
  for (let i = 0; i < 5; i++) server.say("global", "bob", "hi");
  client.connect();
  /** @type {number[]} */
  const heardByRoom = [];
  /** @type {number[]} */
  const heardByClient = [];
  client.on("message", ({ seq }) => heardByClient.push(seq));
  await client.join("global", { since: 2, epoch: "epoch-1", onMessage: ({ seq }) => heardByRoom.push(seq) });
  await settled();
  assert.deepEqual(heardByRoom, [3, 4, 5]);
  assert.deepEqual(heardByClient, [3, 4, 5]);
});

test("a join waits for the connection, and joining twice is joining once", async () => {
  const { server, client } = await annAndServer();
  const first = client.join("global");
  const second = client.join("global");
  client.connect();
  assert.equal(await first, await second);
  assert.equal(server.commands("join").length, 1);
});

test("a room that cannot be joined rejects, and so does a name that cannot be one", async () => {
  const { server, client } = await annInRoom();
  server.intercept = ({ type, id, room }, peer) => {
    if (type !== "join") return false;
    peer.tell({ type: "error", re: id, room, code: "room_not_found", detail: "There is no room of this name.", retryable: false });
    return true;
  };
  assert.equal((await failure(client.join("nowhere"))).code, "room_not_found");
  assert.equal((await failure(client.join("no where"))).code, "room_not_found");
  assert.deepEqual(client.rooms.map(({ name }) => name), ["global"]);
});

test("a room that was left says nothing more and is not resumed", async () => {
  const { server, client, clock, seen } = await annInRoom();
  await client.join("tech");
  client.leave("global");
  server.say("global", "bob", "on its way");
  await settled();
  assert.equal(seen.length, 0);
  server.dropAll();
  await clock.until(() => server.commands("resume").length === 1);
  assert.deepEqual(server.commands("resume")[0].rooms, { tech: 0 });
});

test("more rooms than fit into one frame are resumed in several", async () => {
  const { server, client, clock } = await annInRoom();
  const names = Array.from({ length: 100 }, (_, i) => `${"r".repeat(90)}${i}`);
  await Promise.all(names.map((name) => client.join(name)));
  server.limits = { ...server.limits, frame_bytes: 4096 };
  let told = 0;
  client.on("resumed", () => told++);
  server.dropAll();
  await clock.until(() => told === 1);
  const resumes = server.commands("resume");
  assert.ok(resumes.every((command) => JSON.stringify(command).length <= 4096));
  assert.equal(resumes.flatMap(({ rooms }) => Object.keys(rooms)).length, 101);
});
