import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../src/backoff.js";
import { randomOf } from "./fake-clock.js";

test("the bound doubles from 250 ms up to 10 s", () => {
  const backoff = new Backoff(() => 0.999999);
  const delays = Array.from({ length: 9 }, () => backoff.next());
  assert.deepEqual(delays, [249, 499, 999, 1999, 3999, 7999, 9999, 9999, 9999]);
});

test("the jitter is full: delays fall anywhere under the bound", () => {
  const random = randomOf(7);
  const delays = Array.from({ length: 2000 }, () => {
    const backoff = new Backoff(random);
    backoff.attempt = 10;
    return backoff.next();
  });
  for (let tenth = 0; tenth < 10; tenth++) {
    const share = delays.filter((delay) => delay >= tenth * 1000 && delay < (tenth + 1) * 1000).length / delays.length;
    assert.ok(share > 0.07 && share < 0.13, `${share} of the delays fall into second ${tenth}`);
  }
});

test("what the server asks for is done as it is, and counts as an attempt", () => {
  const backoff = new Backoff(() => 0.5);
  assert.equal(backoff.next(1840), 1840);
  assert.equal(backoff.attempt, 1);
  assert.equal(backoff.next(), 250);
});

test("after a reset the delays are short again", () => {
  const backoff = new Backoff(() => 0.5);
  for (let i = 0; i < 20; i++) backoff.next();
  backoff.reset();
  assert.equal(backoff.next(), 125);
});
