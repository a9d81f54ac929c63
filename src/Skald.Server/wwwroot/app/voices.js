import { ageing, sameDay } from "./dates.js";
import { element } from "./elements.js";

/**
 * @typedef {import("./message.js").Stored} Stored
 * @typedef {{username: string, date: Date}} Voice
 */

/** Milliseconds between two messages of one author that still stand under one name. */
const longestPause = 5 * 60_000;

/**
 * Puts a message into a log, under its day and with its author's name where the voice changes.
 * @param {HTMLElement} log @param {HTMLElement} article @param {Element | null} previous @param {Element | null} [next]
 */
export function putIn(log, article, previous, next = null) {
  const voice = /** @type {Voice} */ (voiceOf(article));
  const spoken = voiceOf(previous);
  if (!spoken || !sameDay(spoken.date, voice.date)) log.insertBefore(dayOf(voice.date), next ?? (isMarker(previous) ? previous : null));
  article.classList.toggle("follows", continues(spoken, voice) && !isMarker(previous));
  log.insertBefore(article, next);
  return article;
}

/**
 * Where two pages meet, the later one's day and name may turn out to be said already.
 * @param {Element} last @param {HTMLElement} first
 */
export function meet(last, first) {
  const spoken = /** @type {Voice} */ (voiceOf(last));
  let next = first;
  if (first.classList.contains("day")) {
    const following = first.nextElementSibling;
    const voice = voiceOf(following);
    if (!voice || !sameDay(voice.date, spoken.date) || !(following instanceof HTMLElement)) return;
    first.remove();
    next = following;
  }
  const voice = next.classList.contains("message") ? voiceOf(next) : undefined;
  if (voice) next.classList.toggle("follows", continues(spoken, voice));
}

/**
 * Names the author where the voice changes, among messages that are all of one day.
 * @param {Element | null} last
 * @param {HTMLCollection} following
 */
export function group(last, following) {
  let spoken = voiceOf(last);
  for (const article of following) {
    const voice = /** @type {Voice} */ (voiceOf(article));
    article.classList.toggle("follows", continues(spoken, voice));
    spoken = voice;
  }
}

/** What stands between what was read and what was not. */
export function newMarker() {
  const marker = document.createElement("div");
  marker.className = "marker";
  marker.role = "separator";
  marker.textContent = "New";
  return marker;
}

/**
 * Whether a message goes on where the last one stopped, so that its author need not be named again.
 * @param {Voice | undefined} last
 * @param {Voice} next
 */
function continues(last, next) {
  return (
    last !== undefined &&
    last.username === next.username &&
    next.date.getTime() - last.date.getTime() < longestPause &&
    sameDay(last.date, next.date)
  );
}

/** Who spoke last, and when; a marker in between does not change it. @param {Element | null} node @returns {Voice | undefined} */
function voiceOf(node) {
  const article = isMarker(node) ? node.previousElementSibling : node;
  if (!(article instanceof HTMLElement) || !article.classList.contains("message")) return undefined;
  return {
    username: element(".author", HTMLElement, article).textContent ?? "",
    date: new Date(element("time", HTMLTimeElement, article).dateTime),
  };
}

/** @param {Element | null} node @returns {node is Element} */
function isMarker(node) {
  return node?.classList.contains("marker") ?? false;
}

/** @param {Date} date */
function dayOf(date) {
  const day = document.createElement("h2");
  day.className = "day";
  day.append(ageing(document.createElement("time"), date, "day"));
  return day;
}
