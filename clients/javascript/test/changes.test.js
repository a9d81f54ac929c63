import assert from "node:assert/strict";
import { test } from "node:test";
import { Messages } from "../src/index.js";
import { settled } from "./fake-clock.js";
import { annInRoom, failure } from "./setup.js";

/** Ann's room with a message of hers, and what a reader of its frames holds. */
async function annWhoHasSaid(/** @type {string[]} */ ...texts) {
  const world = await annInRoom();
  const shown = new Messages();
  world.room.on("message", (message) => shown.take(message));
  world.room.on("entry", (entry) => shown.take(entry));
  for (const text of texts) await world.client.send("global", text);
  return { ...world, shown, texts: () => shown.all.map(({ message }) => message) };
}

test("an edit and a delete resolve with the entry that made them, and the room's readers see them", async () => {
  const { room, shown, texts } = await annWhoHasSaid("one", "two");
  const edit = await room.edit(1, "one!");
  assert.deepEqual([edit.room, edit.seq, edit.target, edit.duplicate], ["global", 3, 1, false]);
  assert.deepEqual([shown.get(1)?.message, shown.get(1)?.version, shown.get(1)?.text_version], ["one!", 3, 3]);
  const deletion = await room.delete(2);
  assert.deepEqual([deletion.seq, deletion.target], [4, 2]);
  assert.deepEqual([texts(), room.cursor], [["one!"], 4]);
});

test("an edit of a text that was not seen is refused with the message as it is", async () => {
  const { server, room } = await annWhoHasSaid("one");
  server.change("global", 1, "from another device");
  const error = await failure(room.edit(1, "mine", { ifVersion: 1 }));
  assert.deepEqual([error.code, error.now.message, error.now.text_version], ["edit_conflict", "from another device", 2]);
  assert.equal((await room.edit(1, "mine", { ifVersion: error.now.text_version })).seq, 3);
});

test("a refused change is not tried again", async () => {
  const { server, clock, room } = await annWhoHasSaid("one");
  await room.delete(1);
  assert.equal((await failure(room.edit(1, "x"))).code, "message_deleted");
  assert.equal((await failure(room.delete(9))).code, "message_not_found");
  await clock.advance(60_000);
  assert.deepEqual([server.commands("edit").length, server.commands("delete").length], [1, 2]);
});

for (const [when, stored] of /** @type {[string, boolean][]} */ ([["before", false], ["after", true]])) {
  test(`a change whose connection is lost ${when} it was stored is made once, with the same client_msg_id`, async () => {
    const { server, clock, room, texts } = await annWhoHasSaid("one", "two");
    server.intercept = (command, peer) => {
      if (command.type !== "edit" && command.type !== "delete") return false;
      server.intercept = () => false;
      peer.mute = true;
      if (stored) peer.answer(command);
      peer.break();
      return true;
    };
    const edit = room.edit(1, "one!");
    const deletion = room.delete(2);
    await clock.until(() => texts()[0] === "one!" && texts().length === 1);
    assert.equal((await edit).duplicate, stored);
    assert.equal((await deletion).target, 2);
    const [first, second] = server.commands("edit");
    assert.equal(first.client_msg_id, second.client_msg_id);
    assert.match(first.client_msg_id, /^[0-9a-f]{32}$/);
    assert.equal(server.log("global").length, 4);
  });
}

test("changes made without a connection wait for the next, and those of one message stay in order", async () => {
  const { server, clock, room, texts } = await annWhoHasSaid("one");
  server.refuseSockets = true;
  server.dropAll();
  await settled();
  const edits = ["a", "b", "c"].map((text) => room.edit(1, text));
  server.refuseSockets = false;
  await clock.until(() => texts()[0] === "c");
  assert.deepEqual((await Promise.all(edits)).map(({ seq }) => seq), [2, 3, 4]);
});

test("where the server asks to wait, the change waits as long and is made then", async () => {
  const { server, clock, room } = await annWhoHasSaid("one");
  let refusals = 1;
  server.intercept = ({ type, id }, peer) => {
    if (type !== "edit" || refusals-- <= 0) return false;
    peer.tell({ type: "error", re: id, code: "rate_limited", detail: "Slower.", retryable: true, retry_after_ms: 400 });
    return true;
  };
  const edit = room.edit(1, "one!");
  await clock.advance(399);
  assert.equal(server.commands("edit").length, 1);
  await clock.advance(1);
  assert.equal((await edit).seq, 2);
});

test("what the server would close the connection for never leaves this side", async () => {
  const { server, room } = await annWhoHasSaid("one");
  const faults = { empty_message: " \u200b", malformed: "a\0", too_long: "x".repeat(4001) };
  for (const [code, text] of Object.entries(faults)) assert.equal((await failure(room.edit(1, text))).code, code);
  assert.equal(server.commands("edit").length, 0);
});

test("a change without an answer when the client is closed is rejected and not made by the next user", async () => {
  const { server, client, room } = await annWhoHasSaid("one");
  server.intercept = ({ type }) => type === "edit";
  const lost = failure(room.edit(1, "one!"));
  await settled();
  client.close();
  assert.equal((await lost).code, "closed");
  server.intercept = () => false;
  client.connect();
  await client.join("global");
  await settled();
  assert.equal(server.commands("edit").length, 1);
});
