/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds that only go forward, from any start
 * @property {() => number} date milliseconds since 1970
 * @property {(action: () => void, ms: number) => any} setTimeout may call up to 1 ms before `now` says so, as Node does
 * @property {(timer: any) => void} clearTimeout
 */

// Beyond this, some 24 days, a timer of the platform would run out at once.
const longest = 2 ** 31 - 1;

/** @type {Clock} */
export const systemClock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimeout: (action, ms) => setTimeout(action, Math.min(ms, longest)),
  clearTimeout: (timer) => clearTimeout(timer),
};
