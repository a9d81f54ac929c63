import { ageing, exactTime } from "./dates.js";
import { closeEditor } from "./editor.js";
import { copyOf, element } from "./elements.js";
import { addressOf } from "./place.js";
import { colourOf, initialsOf } from "./speaker.js";
import { markdown } from "./markdown.js";
import { isEmojiOnly } from "./text.js";

/**
 * @typedef {import("../skald/index.js").ChatMessage} Stored
 * @typedef {{client_msg_id: string, text: string, at: number}} Unsent
 */

/** @param {string} room @param {Stored} message @param {boolean} own */
export function storedMessage(room, message, own) {
  const date = new Date(message.timestamp);
  const article = articleOf(message.username, message.message, date, own);
  article.dataset.seq = String(message.seq);
  const link = element(".when", HTMLAnchorElement, article);
  link.href = addressOf(room, message.seq);
  link.title = `${exactTime(date)}\nCopy a link to this message`;
  if (own) {
    element(".delivery", HTMLElement, article).append(copyOf("delivered-template"));
    article.append(copyOf("actions-template"));
    // Where nothing hovers, a touch brings the focus, and the focus what can be done.
    article.tabIndex = -1;
  }
  markEdited(article, message);
  return article;
}

/** A message got another text. @param {HTMLElement} article @param {Stored} message */
export function rewrite(article, message) {
  write(article, message.message);
  markEdited(article, message);
}

/** A message was deleted while it was in view: that much stays to be seen. @param {HTMLElement} article */
export function showDeleted(article) {
  const hadFocus = article.contains(document.activeElement);
  closeEditor(article);
  article.classList.add("deleted");
  article.querySelector(".actions")?.remove();
  element(".delivery", HTMLElement, article).replaceChildren();
  element(".when", HTMLAnchorElement, article).removeAttribute("href");
  write(article, "Message deleted");
  article.tabIndex = -1;
  if (hadFocus) article.focus({ preventScroll: true });
}

/** @param {HTMLElement} article @param {Stored} message */
function markEdited(article, { edited_at }) {
  if (edited_at === undefined) return;
  article.querySelector(".edited")?.remove();
  const date = new Date(edited_at);
  const mark = document.createElement("time");
  mark.className = "edited";
  mark.dataset.testid = "edited";
  mark.dateTime = date.toISOString();
  mark.title = `Edited ${exactTime(date)}`;
  mark.textContent = "(edited)";
  element(".delivery", HTMLElement, article).prepend(mark);
}

/** @param {Unsent} message @param {string} username */
export function unsentMessage(message, username) {
  const article = articleOf(username, message.text, new Date(message.at), true);
  article.dataset.pending = "true";
  element(".delivery", HTMLElement, article).textContent = "waiting";
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
  element(".delivery", HTMLElement, article).textContent = "not sent";
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
  article.dataset.speaker = colourOf(username);
  element(".avatar", HTMLElement, article).textContent = initialsOf(username);
  const author = element(".author", HTMLElement, article);
  author.textContent = author.title = username;
  write(article, text);
  ageing(element("time", HTMLTimeElement, article), date, "message");
  return article;
}

/** @param {HTMLElement} article @param {string} text */
function write(article, text) {
  const words = element(".text", HTMLElement, article);
  words.replaceChildren(...markdown(text));
  words.classList.toggle("emoji", isEmojiOnly(text));
}
