import { clockTime, exactTime } from "./dates.js";
import { copyOf, element } from "./elements.js";
import { nodesOf } from "./text.js";

/**
 * @typedef {{seq: number, username: string, message: string, timestamp: string, client_msg_id?: string}} Stored
 * @typedef {{client_msg_id: string, text: string, at: number}} Unsent
 */

/** @param {Stored} message @param {boolean} own */
export function storedMessage(message, own) {
  const article = articleOf(message.username, message.message, new Date(message.timestamp), own);
  article.dataset.seq = String(message.seq);
  // Every fifth is numbered, as lines are in editions of old poems.
  article.classList.toggle("numbered", message.seq % 5 === 0);
  element(".number", HTMLElement, article).textContent = String(message.seq);
  const time = element("time", HTMLTimeElement, article);
  time.title += ` · message ${message.seq}`;
  return article;
}

/** @param {Unsent} message @param {string} username */
export function unsentMessage(message, username) {
  const article = articleOf(username, message.text, new Date(message.at), true);
  article.dataset.pending = "true";
  const time = element("time", HTMLTimeElement, article);
  time.textContent = "waiting";
  return article;
}

/**
 * Adds why a message was refused and what can be done.
 * @param {HTMLElement} article
 * @param {string} reason
 * @param {{retry: () => void, discard: () => void}} choices
 */
export function showRefused(article, reason, { retry, discard }) {
  article.dataset.pending = "refused";
  element("time", HTMLTimeElement, article).textContent = "not sent";
  const outcome = copyOf("outcome-template");
  element(".body", HTMLElement, article).append(outcome);
  element("p", HTMLElement, outcome).textContent = reason;
  element("[data-testid=retry]", HTMLElement, outcome).addEventListener("click", retry);
  element("[data-testid=discard]", HTMLElement, outcome).addEventListener("click", discard);
}

/** @param {string} username @param {string} text @param {Date} date @param {boolean} own */
function articleOf(username, text, date, own) {
  const article = copyOf("message-template");
  article.classList.toggle("own", own);
  const author = element(".author", HTMLElement, article);
  author.textContent = author.title = username;
  element(".text", HTMLElement, article).append(...nodesOf(text));
  const time = element("time", HTMLTimeElement, article);
  time.dateTime = date.toISOString();
  time.title = exactTime(date);
  time.textContent = clockTime(date);
  return article;
}
