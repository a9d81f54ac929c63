import assert from "node:assert/strict";
import { test } from "node:test";
import { readLinks } from "../src/history.js";
import { annInRoom } from "./setup.js";

test("history is read page by page to its start, each message once", async () => {
  const { server, client } = await annInRoom();
  for (let i = 1; i <= 25; i++) server.say("global", "bob", `message ${i}`);
  /** @type {number[]} */
  const seqs = [];
  let page = await client.history("global", { limit: 10 });
  let pages = 1;
  seqs.unshift(...page.messages.map(({ seq }) => seq));
  while (page.before !== undefined) {
    page = await client.history("global", { before: page.before, limit: 10 });
    seqs.unshift(...page.messages.map(({ seq }) => seq));
    pages++;
  }
  assert.equal(pages, 3);
  assert.deepEqual(seqs, Array.from({ length: 25 }, (_, i) => i + 1));
});

test("history before the cursor and live messages after it meet without gap or repeat", async () => {
  const { server, client } = await annInRoom();
  for (let i = 1; i <= 5; i++) server.say("tech", "bob", "before");
  const room = await client.join("tech");
  /** @type {number[]} */
  const live = [];
  room.on("message", ({ seq }) => live.push(seq));
  const from = Number(room.cursor) + 1;
  server.say("tech", "bob", "after");
  const { messages } = await room.history({ before: from });
  assert.deepEqual([...messages.map(({ seq }) => seq), ...live], [1, 2, 3, 4, 5, 6]);
});

test("a Link header is read in all its forms", () => {
  const links = readLinks('</a?before=5&limit=2>; rel="prev", <https://other.test/b>; title="x"; rel=next, </c>; rel="up last"');
  assert.equal(links.get("prev"), "/a?before=5&limit=2");
  assert.equal(links.get("next"), "https://other.test/b");
  assert.equal(links.get("last"), "/c");
  assert.equal(readLinks("").size, 0);
});
