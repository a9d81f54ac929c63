import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "./fake-clock.js";
import { memory } from "./memory.js";
import { annAndServer, annInRoom, failure } from "./setup.js";

const texts = (/** @type {{message: string}[]} */ messages) => messages.map(({ message }) => message);

test("a send resolves with the ack that says where the message stands", async () => {
  const { server, client, seen } = await annInRoom();
  server.say("global", "bob", "hello");
  const ack = await client.send("global", "hello bob");
  assert.deepEqual([ack.room, ack.seq, ack.duplicate], ["global", 2, false]);
  assert.deepEqual(texts(seen), ["hello", "hello bob"]);
  assert.match(server.sends("global")[0].client_msg_id, /^[0-9a-f]{32}$/);
});

test("messages typed offline are kept and sent in order, once, when there is a connection", async () => {
  const { server, client, clock } = await annInRoom();
  server.refuseSockets = true;
  server.dropAll();
  await settled();
  const acks = ["one", "two", "three"].map((text) => client.send("global", text));
  await clock.advance(30_000);
  assert.equal(client.outbox.messages.length, 3);
  server.refuseSockets = false;
  await clock.until(() => client.outbox.messages.length === 0);
  assert.deepEqual((await Promise.all(acks)).map(({ seq }) => seq), [1, 2, 3]);
  assert.deepEqual(texts(server.log("global")), ["one", "two", "three"]);
});

test("after a lost ack the message is sent again with the same client_msg_id and stands in the log once", async () => {
  const { server, client, clock } = await annInRoom();
  server.intercept = (command, peer) => {
    if (command.type !== "send") return false;
    server.intercept = () => false;
    peer.rooms.clear();
    server.say(command.room, "ann", command.message, command.client_msg_id);
    peer.break();
    return true;
  };
  client.leave("global");
  const sent = client.send("global", "once");
  await clock.until(() => client.outbox.messages.length === 0);
  assert.equal((await sent).duplicate, true);
  const [first, second] = server.sends("global");
  assert.equal(first.client_msg_id, second.client_msg_id);
  assert.deepEqual(texts(server.log("global")), ["once"]);
});

test("a message that comes back with the resumed room counts as acked and is not sent again", async () => {
  const { server, client, clock, seen } = await annInRoom();
  server.intercept = (command, peer) => {
    if (command.type !== "send") return false;
    peer.rooms.clear();
    server.say(command.room, "ann", command.message, command.client_msg_id);
    peer.break();
    return true;
  };
  const ack = client.send("global", "once");
  await clock.until(() => client.outbox.messages.length === 0);
  assert.equal((await ack).seq, 1);
  await clock.advance(1000);
  assert.equal(server.sends("global").length, 1);
  assert.deepEqual(texts(seen), ["once"]);
});

test("a refused message is not tried again, and the next ones go on", async () => {
  const { server, client } = await annInRoom();
  server.intercept = ({ type, id, message }, peer) => {
    if (type !== "send" || message !== "bad") return false;
    peer.tell({ type: "error", re: id, code: "forbidden", detail: "Not here.", retryable: false });
    return true;
  };
  /** @type {any[]} */
  const refused = [];
  client.outbox.on("refused", ({ message, error }) => refused.push([message.text, error.detail]));
  const bad = failure(client.send("global", "bad"));
  const good = client.send("global", "good");
  assert.equal((await bad).code, "forbidden");
  assert.equal((await good).seq, 1);
  assert.deepEqual(refused, [["bad", "Not here."]]);
  assert.equal(server.sends("global").length, 2);
});

test("where the server asks to wait, the message waits as long, and none overtakes it", async () => {
  const { server, client, clock } = await annInRoom();
  let refusals = 2;
  server.intercept = ({ type, id }, peer) => {
    if (type !== "send" || refusals-- <= 0) return false;
    peer.tell({ type: "error", re: id, code: "rate_limited", detail: "Slower.", retryable: true, retry_after_ms: 400 });
    return true;
  };
  /** @type {number[]} */
  const delays = [];
  client.outbox.on("delayed", ({ ms }) => delays.push(ms));
  const sends = [client.send("global", "one"), client.send("global", "two"), client.send("global", "three")];
  await clock.advance(399);
  assert.equal(server.sends("global").length, 1);
  await clock.advance(1);
  assert.equal(server.sends("global").length, 2);
  await clock.until(() => client.outbox.messages.length === 0);
  await Promise.all(sends);
  assert.deepEqual(delays, [400, 400]);
  assert.deepEqual(texts(server.log("global")), ["one", "two", "three"]);
});

test("a full outbox keeps to the server's pace instead of being refused at every message", async () => {
  const { server, client, clock } = await annAndServer();
  // Ten a second, thirty at once; counted as the server does.
  let tokens = 30;
  let at = clock.now();
  let refused = 0;
  server.intercept = ({ type, id }, peer) => {
    if (type !== "send") return false;
    tokens = Math.min(30, tokens + (clock.now() - at) / 100);
    at = clock.now();
    if (tokens-- >= 1) return false;
    refused++;
    peer.tell({
      type: "error", re: id, code: "rate_limited", detail: "Slower.",
      retryable: true, retry_after_ms: Math.ceil((1 - ++tokens) * 100),
    });
    return true;
  };
  client.connect();
  const sends = Array.from({ length: 200 }, (_, i) => client.send(`room-${i % 4}`, String(i)));
  await clock.until(() => client.outbox.messages.length === 0, 30_000);
  await Promise.all(sends);
  assert.ok(refused < 20, `${refused} of 200 were refused`);
});

test("joining a room does not cut short what the server asked to wait", async () => {
  const { server, client, clock } = await annInRoom();
  server.intercept = ({ type, id }, peer) => {
    if (type === "send")
      peer.tell({ type: "error", re: id, code: "rate_limited", detail: "Slower.", retryable: true, retry_after_ms: 5000 });
    return type === "send";
  };
  client.send("global", "one");
  await settled();
  await client.join("tech");
  await clock.advance(4999);
  assert.equal(server.sends("global").length, 1);
});

test("a server that fails without saying how long is asked again ever more rarely", async () => {
  const { server, client, clock } = await annInRoom();
  server.intercept = ({ type, id }, peer) => {
    if (type === "send") peer.tell({ type: "error", re: id, code: "storage_full", detail: "The disk is full.", retryable: true });
    return type === "send";
  };
  client.send("global", "one");
  await clock.advance(60_000);
  const tries = server.sends("global").length;
  assert.ok(tries >= 10 && tries <= 40, `${tries} tries in a minute`);
  assert.equal(new Set(server.sends("global").map(({ client_msg_id }) => client_msg_id)).size, 1);
});

test("a slow room does not hold up another", async () => {
  const { server, client } = await annInRoom();
  server.intercept = ({ type, room }) => type === "send" && room === "stuck";
  client.send("stuck", "waits");
  assert.equal((await client.send("global", "goes")).seq, 1);
});

test("what the server would close the connection for never leaves this side", async () => {
  const { server, client } = await annInRoom();
  /** @type {[string, string, string][]} */
  const faults = [
    ["global", "", "empty_message"],
    ["global", " \t\n\u3000", "empty_message"],
    ["global", "\u200b\u{e0041}", "empty_message"],
    ["global", "a\0b", "malformed"],
    ["global", "\ud800", "malformed"],
    ["global", "x".repeat(4001), "too_long"],
    ["global", "ü".repeat(4001), "too_long"],
    ["global", "👋".repeat(2001), "too_long"],
    ["global", "\u0001".repeat(3000), "too_long"],
    ["../etc", "x", "room_not_found"],
  ];
  for (const [room, text, code] of faults) assert.equal((await failure(client.send(room, text))).code, code);
  await client.send("global", "👋".repeat(2000));
  await client.send("global", "x".repeat(4000));
  await client.send("global", "\u200b .");
  assert.equal(server.commands("send").length, 3);
});

test("the outbox is bounded", async () => {
  const { client } = await annAndServer();
  for (let i = 0; i < 200; i++) client.send("global", String(i)).catch(() => {});
  const error = await failure(client.send("global", "one more"));
  assert.deepEqual([error.code, error.retryable], ["outbox_full", true]);
});

test("unsent messages outlive the page, by user, and without a token among them", async () => {
  const storage = memory();
  const before = await annAndServer({ storage });
  before.server.refuseSockets = true;
  before.client.connect();
  const lost = failure(before.client.send("global", "typed on the train"));
  await before.clock.advance(5_000);
  assert.doesNotMatch(JSON.stringify([...storage.kept]), /refresh|header\./);
  before.client.close();
  assert.equal((await lost).code, "closed");

  const after = await annAndServer({ storage });
  after.client.connect();
  await after.clock.until(() => after.server.log("global").length === 1);
  assert.equal(after.server.log("global")[0].message, "typed on the train");
  assert.equal(storage.kept.size, 0);
});

test("two pages that both kept a message store it once", async () => {
  const storage = memory();
  const id = "0b9f2c1e-7f3a-4f5b";
  storage.save("ann", { client_msg_id: id, room: "global", text: "hello", at: 1 });
  const { server, client, clock } = await annAndServer({ storage });
  server.say("global", "ann", "hello", id);
  client.connect();
  await clock.until(() => client.outbox.messages.length === 0);
  assert.equal(server.sends("global").length, 1);
  assert.equal(server.log("global").length, 1);
});

test("a message given up is not sent", async () => {
  const { server, client } = await annAndServer();
  const given = failure(client.send("global", "no", { client_msg_id: "0b9f2c1e-7f3a" }));
  const kept = client.send("global", "yes");
  client.outbox.discard("0b9f2c1e-7f3a");
  client.connect();
  await kept;
  assert.equal((await given).code, "closed");
  assert.deepEqual(texts(server.log("global")), ["yes"]);
});
