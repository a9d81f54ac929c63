import { showRefused, unsentMessage } from "./message.js";
import { sentenceOf } from "./sentences.js";

/** @typedef {import("./message.js").Unsent} Unsent */

/** A room's messages that are on their way, or were refused, below the stored ones. */
export class UnsentList {
  #list;
  #page;

  /** @param {HTMLElement} list @param {{onChange: () => void, retry: (text: string) => void}} page */
  constructor(list, page) {
    this.#list = list;
    this.#page = page;
  }

  get articles() {
    return this.#list.children;
  }

  /** @param {Unsent} message @param {string} username */
  add(message, username) {
    const article = unsentMessage(message, username);
    article.dataset.id = message.client_msg_id;
    this.#list.append(article);
    this.#page.onChange();
  }

  /** @param {string} id */
  take(id) {
    this.#articleOf(id)?.remove();
    this.#page.onChange();
  }

  /** @param {Unsent} message @param {unknown} error */
  refuse(message, error) {
    const article = this.#articleOf(message.client_msg_id);
    if (!article) return;
    showRefused(article, sentenceOf(error), {
      retry: () => {
        article.remove();
        this.#page.retry(message.text);
      },
      discard: () => {
        article.remove();
        this.#page.onChange();
      },
    });
    this.#page.onChange();
  }

  /** @param {string} id @returns {HTMLElement | undefined} */
  #articleOf(id) {
    const articles = /** @type {HTMLElement[]} */ ([...this.#list.children]);
    return articles.find((article) => article.dataset.id === id);
  }
}
