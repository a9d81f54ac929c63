import assert from "node:assert/strict";
import { test } from "node:test";
import { readLinks } from "../src/history.js";
import { Messages } from "../src/index.js";
import { settled } from "./fake-clock.js";
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

test("a room joined at a page's position brings what has happened since, and the page and that meet", async () => {
  const { server, client } = await annInRoom();
  server.say("tech", "bob", "one");
  server.say("tech", "bob", "two");
  const { messages, position } = await client.history("tech");
  server.change("tech", 1, "one!");
  server.change("tech", 2);
  server.say("tech", "bob", "three");
  const shown = new Messages();
  client.on("entry", (entry) => shown.take(entry));
  shown.takePage(messages);
  await client.join("tech", { ...position, onMessage: (message) => shown.take(message) });
  await settled();
  assert.deepEqual(position, { since: 2, epoch: "epoch-1" });
  assert.deepEqual(shown.all.map(({ seq, message }) => [seq, message]), [[1, "one!"], [5, "three"]]);
});

test("a page whose position was dropped on the way is a page all the same", async () => {
  const { server, client } = await annInRoom();
  server.interceptRequest = () => ({ status: 200, body: [] });
  assert.equal((await client.history("global")).position, undefined);
});

test("a Link header is read in all its forms", () => {
  const links = readLinks('</a?before=5&limit=2>; rel="prev", <https://other.test/b>; title="x"; rel=next, </c>; rel="up last"');
  assert.equal(links.get("prev"), "/a?before=5&limit=2");
  assert.equal(links.get("next"), "https://other.test/b");
  assert.equal(links.get("last"), "/c");
  assert.equal(readLinks("").size, 0);
});
