import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { closeCodes, errorCodes, mayReconnect } from "../src/index.js";
import { movesCursor } from "../src/frames.js";
import { Room } from "../src/room.js";
import * as frames from "../src/frames.js";

/** @param {string} name */
const vectors = (name) => JSON.parse(readFileSync(new URL(`../../../protocol/vectors/${name}`, import.meta.url), "utf8"));

for (const { name, frame, fields } of vectors("server-frames.json")) {
  test(`the server's frame is read: ${name}`, () => assert.deepEqual(frames.readFrame(frame), fields));
}

for (const { name, cursor, frames: sent, told, after } of vectors("entries.json")) {
  test(`the cursor moves: ${name}`, () => {
    const room = new Room(/** @type {any} */ (undefined), "global", { since: cursor });
    room.live = true;
    /** @type {[string, number][]} */
    const heard = [];
    room.on("message", ({ seq }) => heard.push(["message", seq]));
    room.on("entry", ({ seq, kind }) => heard.push([kind, seq]));
    for (const text of sent) {
      const frame = /** @type {any} */ (frames.readFrame(text));
      if (movesCursor(frame)) room.take(frame);
    }
    assert.deepEqual([heard, room.cursor], [told, after]);
  });
}

const commands = /** @type {Record<string, (fields: any) => frames.Command>} */ (/** @type {unknown} */ (frames));
for (const { name, on, frame, command } of vectors("client-frames.json")) {
  if (on !== "skald" || !command) continue;
  test(`the command is written: ${name}`, () => {
    const written = JSON.parse(frames.writeFrame(commands[command.type](command)));
    assert.deepEqual(written, command);
    for (const [field, value] of Object.entries(written)) assert.deepEqual(JSON.parse(frame)[field], value);
  });
}

test("the error codes are those of the protocol", () => {
  const { errors } = vectors("codes.json");
  assert.deepEqual(Object.entries(errorCodes).map(([code, meaning]) => ({ code, ...meaning })), errors);
});

test("the close codes are those of the protocol, and their range says whether to reconnect", () => {
  const { closes } = vectors("codes.json");
  assert.deepEqual(Object.entries(closeCodes).map(([reason, code]) => ({ code, reason, reconnect: mayReconnect(code) })), closes);
});

test("codes yet unknown are understood by their range", () => {
  assert.deepEqual([4000, 4399, 4400, 4999].map(mayReconnect), [true, true, false, false]);
});

test("a lost or restarted server is tried again, a refused frame is not", () => {
  assert.deepEqual([1000, 1001, 1005, 1006, 1011, 1012, 1013].filter((code) => !mayReconnect(code)), []);
  assert.deepEqual([1002, 1003, 1007, 1009].filter(mayReconnect), []);
});

test("what is no frame is not taken for one", () => {
  for (const data of ["", "{", "[]", "1", "null", "{}", '{"type":1}', new ArrayBuffer(2), undefined]) {
    assert.equal(frames.readFrame(data), undefined);
  }
});
