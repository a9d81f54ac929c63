import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "./fake-clock.js";
import { annInRoom } from "./setup.js";

/** Ann in her room, and the signals that its listeners hear. */
async function annWhoListens() {
  const world = await annInRoom();
  /** @type {any[][]} */
  const [heard, heardByClient, errors] = [[], [], []];
  world.room.on("signal", (signal) => heard.push(signal));
  world.client.on("signal", (signal) => heardByClient.push(signal));
  world.client.on("error", ({ code, room }) => errors.push([code, room]));
  return { ...world, heard, heardByClient, errors };
}

test("a signal is heard by the room and by the client, and moves no cursor", async () => {
  const { client, room, heard, heardByClient } = await annWhoListens();
  await client.send("global", "one");
  assert.equal(room.signal("cursor", { line: 12 }), true);
  await settled();
  assert.deepEqual(heard, [{ type: "signal", room: "global", user_id: 1, username: "ann", event: "cursor", data: { line: 12 } }]);
  assert.deepEqual([heardByClient, room.cursor], [heard, 1]);
});

test("without a connection a signal is not sent, also not later", async () => {
  const { server, clock, room, heard } = await annWhoListens();
  server.refuseSockets = true;
  server.dropAll();
  await settled();
  assert.equal(room.signal("wave"), false);
  server.refuseSockets = false;
  await clock.until(() => room.live);
  assert.deepEqual([server.commands("signal"), heard], [[], []]);
  assert.equal(room.signal("wave"), true);
  await settled();
  assert.deepEqual(heard.map(({ event }) => event), ["wave"]);
});

test("a refused signal is told as an error, and the connection stays", async () => {
  const { server, clock, room, errors } = await annWhoListens();
  server.intercept = ({ type }, peer) => {
    if (type !== "signal") return false;
    peer.tell({ type: "error", room: "global", code: "rate_limited", detail: "Slower.", retryable: true, retry_after_ms: 400 });
    return true;
  };
  room.signal("cursor");
  await clock.advance(60_000);
  assert.deepEqual([errors, server.commands("signal").length, server.sockets], [[["rate_limited", "global"]], 1, 1]);
});

test("signals of a room that was left, or is still to be entered, are not heard", async () => {
  const { server, client, room, heard } = await annWhoListens();
  client.leave("global");
  for (const peer of server.peers) peer.tell({ type: "signal", room: "global", user_id: 2, username: "bob", event: "late" });
  await settled();
  assert.deepEqual([heard, room.signal("wave")], [[], false]);
});
