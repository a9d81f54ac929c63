// Node counts its timers in whole milliseconds and so calls up to one before `performance.now()` says that it is time.
const early = 0.9;

/** Time that stands still until a test moves it. Its timers call a little early. */
export class FakeClock {
  /** @type {{due: number, action: () => void}[]} */
  #timers = [];
  #now = 0;

  now = () => this.#now;
  date = () => Date.UTC(2026, 1, 21) + this.#now;

  setTimeout = (/** @type {() => void} */ action, /** @type {number} */ ms) => {
    const timer = { due: this.#now + (ms > 1 ? ms - early : Math.max(0, ms)), action };
    this.#timers.push(timer);
    return timer;
  };

  clearTimeout = (/** @type {any} */ timer) => {
    const index = this.#timers.indexOf(timer);
    if (index >= 0) this.#timers.splice(index, 1);
  };

  get timers() {
    return this.#timers.length;
  }

  /** Moves on, and runs on the way what falls due, each to its end. @param {number} ms */
  async advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const next = this.#timers.reduce((first, timer) => (timer.due < first.due ? timer : first), { due: Infinity, action() {} });
      if (next.due > end) break;
      this.#now = Math.max(this.#now, next.due);
      this.clearTimeout(next);
      next.action();
    }
    this.#now = end;
    await settled();
  }

  /** The machine slept: time went by and nothing ran. @param {number} ms */
  sleep(ms) {
    this.#now += ms;
  }

  /** Moves on until it is so. @param {() => boolean} holds */
  async until(holds, limit = 600_000) {
    const end = this.#now + limit;
    await settled();
    while (!holds()) {
      if (this.#now >= end) throw new Error(`still not so after ${limit} ms: ${holds}`);
      await this.advance(50);
    }
  }
}

/** Resolves once everything that was under way without a timer is done. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The same numbers for the same seed. @param {number} seed */
export function randomOf(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
