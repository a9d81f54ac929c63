const base = 250;
const cap = 10_000;

/**
 * Full jitter: a delay anywhere between nothing and a bound that doubles. Thousands of clients dropped at one instant
 * spread over the whole range instead of coming back in waves.
 */
export class Backoff {
  /** How many delays were given since the last reset. */
  attempt = 0;
  #random;

  /** @param {() => number} [random] from 0 up to 1 */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /**
   * @param {number} [wish] what the server asked for, `reconnect_after_ms`: it has already spread its clients
   * @returns {number} milliseconds to wait
   */
  next(wish) {
    const bound = Math.min(cap, base * 2 ** this.attempt);
    this.attempt++;
    return wish ?? Math.floor(this.#random() * bound);
  }

  reset() {
    this.attempt = 0;
  }
}
