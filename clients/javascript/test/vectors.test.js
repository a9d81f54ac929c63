import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { closeCodes, errorCodes, mayReconnect, Messages } from "../src/index.js";
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
    const room = new Room(/** @type {any} */ ({}), "global", { since: cursor });
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

for (const { name, steps, after } of vectors("fold.json")) {
  test(`pages and entries meet: ${name}`, () => {
    const messages = new Messages();
    for (const { page, frame } of steps) {
      if (page) messages.takePage(page);
      else messages.take(frame);
    }
    assert.deepEqual(messages.all.map(({ seq, message, version }) => [seq, message, version]), after);
  });
}

const commands = /** @type {Record<string, (fields: any) => frames.Command>} */ (
  /** @type {unknown} */ ({ ...frames, delete: frames.erase }));
for (const { name, on, frame, command } of vectors("client-frames.json")) {
  if (on !== "skald" || !command) continue;
  test(`the command is written: ${name}`, () => {
    const written = JSON.parse(frames.writeFrame(commands[command.type](command)));
    assert.deepEqual(written, command);
    for (const [field, value] of Object.entries(written)) assert.deepEqual(JSON.parse(frame)[field], value);
  });
}

test("what shows nothing is what the protocol and Unicode say, character by character", () => {
  /** @type {[string, string][]} */
  const ranges = vectors("blank.json");
  const listed = ranges.map((range) => range.map((hex) => parseInt(hex, 16)));
  const shown = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    const inVectors = listed.some(([first, last]) => code >= first && code <= last);
    const inUnicode = /[\p{White_Space}\p{Default_Ignorable_Code_Point}]/u.test(character);
    if (frames.isBlank(character) !== inVectors || inVectors !== inUnicode) shown.push(code.toString(16));
  }
  assert.deepEqual(shown, []);
  assert.deepEqual(["", "\u200b \u{e0041}", "\u200b.", "👩\u200d💻"].map(frames.isBlank), [true, true, false, false]);
});

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
