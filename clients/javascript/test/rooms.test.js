import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "./fake-clock.js";
import { annAndServer, annInRoom, failure } from "./setup.js";

const office = "p.k3jd92mxqw7rtz01";

/** Has a server answer changes of rooms, as far as the client can tell. @param {import("./fake-server.js").FakeServer} server */
function answersRooms(server) {
  /** @type {Map<string, number>} */
  const stored = new Map();
  server.intercept = (command, peer) => {
    if (command.type !== "members" && command.type !== "room") return false;
    const known = stored.get(command.client_msg_id);
    const seq = known ?? stored.size + 1;
    stored.set(command.client_msg_id, seq);
    peer.tell({ type: "ack", re: command.id, room: command.room, seq, timestamp: "", duplicate: known !== undefined });
    return true;
  };
  return stored;
}

test("members and settings are changed by commands that name what is wanted and nothing else", async () => {
  const { server, room } = await annInRoom({ room: office });
  answersRooms(server);
  const added = await room.add(["bob"], { role: "moderator", history: "since_joined" });
  await room.remove(["bob"]);
  await room.setRole(["bob"], "guest");
  await room.change({ title: "Büro" }, { ifVersion: 3 });
  await room.quit();
  assert.deepEqual([added.room, added.seq, "target" in added], [office, 1, false]);
  const [add, remove, role, leave] = server.commands("members");
  assert.deepEqual([add.op, add.users, add.role, add.history], ["add", ["bob"], "moderator", "since_joined"]);
  assert.deepEqual([remove.op, role.op, role.role, leave.op, leave.users], ["remove", "role", "guest", "leave", undefined]);
  const [change] = server.commands("room");
  assert.deepEqual([change.title, change.if_version, "topic" in change], ["Büro", 3, false]);
});

test("a change of a room whose connection is lost is made once, and the next one waits for it", async () => {
  const { server, clock, room } = await annInRoom({ room: office });
  const stored = answersRooms(server);
  const answer = server.intercept;
  server.intercept = (command, peer) => {
    if (command.type !== "members") return answer(command, peer);
    server.intercept = answer;
    peer.mute = true;
    answer(command, peer);
    peer.break();
    return true;
  };
  const add = room.add(["bob"]);
  const remove = room.remove(["bob"]);
  await clock.until(() => server.commands("members").length === 3);
  assert.equal((await add).duplicate, true);
  assert.equal((await remove).duplicate, false);
  assert.deepEqual([server.commands("members").map(({ op }) => op), stored.size], [["add", "add", "remove"], 2]);
});

test("who is removed is told that the room is lost, once the server says so", async () => {
  const { server, client } = await annInRoom({ room: office });
  /** @type {any[]} */
  const lost = [];
  client.on("roomlost", (one) => lost.push(one));
  server.intercept = (command, peer) => {
    if (command.type !== "join") return false;
    peer.tell({ type: "error", re: command.id, room: office, code: "forbidden", detail: "You are not in it.", retryable: false });
    return true;
  };
  for (const peer of server.peers) peer.tell({ type: "left", room: office, seq: 3, reason: "removed" });
  await settled();
  assert.deepEqual([lost.map(({ room, error }) => [room, error.code]), client.rooms], [[[office, "forbidden"]], []]);
});

test("who may read on after a room was closed goes on behind what was read", async () => {
  const { server, room, seen } = await annInRoom({ room: office });
  server.say(office, "bob", "one");
  await settled();
  for (const peer of server.peers) {
    peer.rooms.delete(office);
    peer.tell({ type: "left", room: office, seq: 1, reason: "removed" });
  }
  server.say(office, "bob", "two");
  await settled();
  assert.deepEqual([seen.map(({ message }) => message), room.live], [["one", "two"], true]);
});

test("lists of rooms and members are read page by page", async () => {
  const { server, client } = await annAndServer();
  /** @type {string[]} */
  const asked = [];
  const fetch = server.fetch;
  server.interceptRequest = (method, path) => {
    if (!path.startsWith("/api/rooms") && !path.startsWith("/api/me/rooms")) return undefined;
    asked.push(`${method} ${path}`);
    if (path.endsWith("/explain/")) return { status: 200, body: { allowed: false, action: "members", rules: [], code: "forbidden" } };
    return { status: 200, body: [{ room: "tech" }], headers: { link: '<?cursor=t%20x>; rel="next"' } };
  };
  assert.ok(fetch);
  const { rooms, next } = await client.directory.find({ query: "te ch" });
  assert.deepEqual([rooms.map(({ room }) => room), next], [["tech"], "t x"]);
  assert.equal((await client.directory.mine({ next })).next, "t x");
  assert.equal((await client.directory.members("tech")).members.length, 1);
  assert.equal((await client.directory.explain("tech", "members")).code, "forbidden");
  server.interceptRequest = () => ({ status: 200, body: "<html>" });
  assert.equal((await failure(client.directory.find())).code, "unexpected_answer");
});
