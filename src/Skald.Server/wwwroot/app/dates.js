const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const aMinute = 60_000;
const anHour = 60 * aMinute;
const aDay = 24 * anHour;

/** @param {Date} at */
export const exactTime = (at) => exact.format(at);

/** @param {Date} at */
export const clockTime = (at) => clock.format(at);

/** @param {Date} at */
export const shortMoment = (at) => moment.format(at);

/** @param {Date} a @param {Date} b */
export const sameDay = (a, b) => a.toDateString() === b.toDateString();

/**
 * How a time is called depends on when it is read. Each is short: beside a message the day is said by a heading above it.
 * @type {Record<"message" | "day" | "room", (at: Date, now: Date) => string>}
 */
const names = {
  message: (at, now) => justNow(at, now) ?? clock.format(at),
  day: (at, now) => {
    if (sameDay(at, now)) return "Today";
    if (sameDay(at, new Date(now.getTime() - aDay))) return "Yesterday";
    return (at.getFullYear() === now.getFullYear() ? day : dayOfYear).format(at);
  },
  room: (at, now) => {
    if (sameDay(at, now)) return justNow(at, now) ?? clock.format(at);
    return Math.abs(now.getTime() - at.getTime()) < 6 * aDay ? weekday.format(at) : date.format(at);
  },
};

/** @param {Date} at @param {Date} now */
function justNow(at, now) {
  const age = now.getTime() - at.getTime();
  // A server whose clock is a little ahead writes of the future; further ahead, its word stands.
  if (age < -aMinute || age >= anHour) return undefined;
  return age < aMinute ? "now" : `${Math.floor(age / aMinute)} min`;
}

/**
 * Makes an element tell a time, in words that `refreshTimes` keeps true.
 * @param {HTMLTimeElement} time
 * @param {Date} at
 * @param {keyof typeof names} kind
 */
export function ageing(time, at, kind) {
  time.dateTime = at.toISOString();
  time.dataset.age = kind;
  time.textContent = names[kind](at, new Date());
  return time;
}

/** @param {ParentNode} root */
export function refreshTimes(root) {
  const now = new Date();
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (root.querySelectorAll("time[data-age]"))) {
    const name = names[/** @type {keyof typeof names} */ (time.dataset.age)](new Date(time.dateTime), now);
    if (time.textContent !== name) time.textContent = name;
  }
}
