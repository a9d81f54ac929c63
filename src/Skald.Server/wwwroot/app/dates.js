const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** @param {Date} date */
export const clockTime = (date) => clock.format(date);

/** @param {Date} date */
export const exactTime = (date) => exact.format(date);

/** @param {Date} date */
export const dayName = (date) => day.format(date);

/** @param {Date} date */
export const shortMoment = (date) => moment.format(date);

/** @param {Date} a @param {Date} b */
export const sameDay = (a, b) => a.toDateString() === b.toDateString();
