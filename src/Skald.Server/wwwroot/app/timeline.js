import { dayName, sameDay } from "./dates.js";
import { copyOf, element, tell } from "./elements.js";
import { showRefused, storedMessage, unsentMessage } from "./message.js";
import { sentenceOf } from "./sentences.js";

/**
 * @typedef {import("/skald/index.js").Room} Room
 * @typedef {import("/skald/index.js").SkaldError} SkaldError
 * @typedef {import("./message.js").Stored} Stored
 * @typedef {import("./message.js").Unsent & {room: string}} Unsent
 * @typedef {{username: string, date: Date}} Voice
 */

const pageSize = 50;
const manyShown = 600;
const enoughShown = 300;
const oneBreath = 5 * 60_000;
const nearTheTop = 400;
const nearTheEnd = 40;

/**
 * One room's messages on the page: stored ones as far back as was read, then those on their way. It keeps to the end while
 * the reader is there, and stays where the reader is otherwise.
 */
export class Timeline {
  /** Not read yet: they came while the reader was elsewhere. */
  unread = 0;
  scroller = copyOf("timeline-template");

  #log = element(".log", HTMLElement, this.scroller);
  #unsent = element(".unsent", HTMLElement, this.scroller);
  #loading = element(".loading", HTMLElement, this.scroller);
  #start = element(".start", HTMLElement, this.scroller);
  #stuck = element(".stuck", HTMLElement, this.scroller);
  #atEnd = true;
  #lastTop = 0;
  #shown = false;
  #scrolling = false;
  /** @type {HTMLElement | undefined} */ #marker;

  /** @type {Room | undefined} */ #room;
  /** Where the next earlier page ends; undefined where there is none. @type {number | undefined} */ #before;
  #newest = 0;
  /** @type {Promise<void> | undefined} */ #reading;

  /**
   * @param {string} name
   * @param {{isOwn: (username: string) => boolean, onChange: () => void, retry: (text: string) => void}} page
   */
  constructor(name, page) {
    this.name = name;
    this.page = page;
    this.#log.setAttribute("aria-label", `Messages in ${name}`);
    element("button", HTMLButtonElement, this.#stuck).addEventListener("click", () => this.readEarlier());
    this.scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });

    const nearTop = new IntersectionObserver(
      ([entry]) => entry.isIntersecting && this.#stuck.hidden && this.readEarlier(),
      { root: this.scroller, rootMargin: `${nearTheTop}px 0px 0px` },
    );
    nearTop.observe(element(".beginning", HTMLElement, this.scroller));
    // A longer message being written, a phone's keyboard, a turned phone: the end stays in view.
    new ResizeObserver(() => this.#atEnd && this.#toEnd()).observe(this.scroller);
  }

  get atEnd() {
    return this.#atEnd;
  }

  /** The room is joined: history ends at its cursor, and what comes live follows. @param {Room} room */
  begin(room) {
    this.#room = room;
    this.#before = Number(room.cursor) + 1;
    this.#newest = Number(room.cursor);
    if (this.#shown) this.readEarlier();
  }

  /** The log could not go on from where the page was. @param {Room} room */
  beginAnew(room) {
    this.#log.replaceChildren(noteOf("The log was shortened or replaced at the server. What stands here is read anew."));
    this.#marker = undefined;
    this.#reading = undefined;
    this.#setUnread(0);
    this.#setAtEnd(true);
    this.begin(room);
    this.#showStart();
  }

  /** @param {HTMLElement} stage */
  show(stage) {
    this.#shown = true;
    stage.prepend(this.scroller);
    if (this.#marker && this.unread > 0) this.#marker.scrollIntoView({ block: "center" });
    else this.#toEnd();
    this.#setAtEnd(this.#isNearEnd());
    this.look();
    if (this.#before !== undefined && this.#log.querySelector("article") === null) this.readEarlier();
  }

  hide() {
    this.#shown = false;
    this.#atEnd = true;
    this.scroller.remove();
    if (this.unread === 0) this.#unmark();
  }

  /** The page was looked at again. */
  look() {
    if (this.#isRead()) this.#setUnread(0);
  }

  toLatest() {
    this.#setAtEnd(true);
    this.#toEnd();
  }

  /** @param {Stored} message the one after the last */
  append(message) {
    if (message.seq <= this.#newest) return;
    this.#newest = message.seq;
    const own = this.page.isOwn(message.username);
    if (message.client_msg_id !== undefined && own) this.takeUnsent(message.client_msg_id);
    if (!own && !this.#isRead()) this.#mark();
    this.#put(storedMessage(message, own), message, this.#log.lastElementChild);
    if (!own && !this.#isRead()) this.#setUnread(this.unread + 1);
    this.#groupUnsent();
    this.#trim();
    this.#follow();
  }

  /** There is a connection again: what could not be read may be read now. */
  tryAgain() {
    if (!this.#stuck.hidden) this.readEarlier();
  }

  /** Reads the page before what is shown, once at a time. */
  readEarlier() {
    if (this.#before === undefined || this.#reading || !this.#room) return;
    const reading = this.#readPage(this.#room, this.#before).finally(() => {
      if (this.#reading !== reading) return;
      this.#reading = undefined;
      // A short page may leave the top in sight, and the observer tells of changes only.
      if (this.#shown && this.#stuck.hidden && this.scroller.scrollTop < nearTheTop) this.readEarlier();
    });
    this.#reading = reading;
  }

  /** @param {Unsent} message @param {string} username */
  addUnsent(message, username) {
    const article = unsentMessage(message, username);
    article.dataset.id = message.client_msg_id;
    this.#unsent.append(article);
    this.#groupUnsent();
    this.#unmark();
    this.#setAtEnd(true);
    this.#follow();
  }

  /** @param {string} id */
  takeUnsent(id) {
    this.#unsentOf(id)?.remove();
    this.#groupUnsent();
    this.#follow();
  }

  /** @param {Unsent} message @param {SkaldError} error */
  refuse(message, error) {
    const article = this.#unsentOf(message.client_msg_id);
    if (!article) return;
    showRefused(article, sentenceOf(error), {
      retry: () => {
        article.remove();
        this.page.retry(message.text);
      },
      discard: () => article.remove(),
    });
    this.#follow();
  }

  /** @param {Room} room @param {number} before */
  async #readPage(room, before) {
    this.#stuck.hidden = true;
    this.#loading.hidden = false;
    try {
      const { messages, before: earlier } = await room.history({ before, limit: pageSize });
      if (this.#before !== before) return;
      this.#before = earlier;
      this.#prepend(messages);
    } catch (error) {
      if (this.#before !== before) return;
      this.#stuck.hidden = false;
      element("p", HTMLElement, this.#stuck).textContent = `Earlier messages could not be read. ${sentenceOf(/** @type {SkaldError} */ (error))}`;
    }
    this.#loading.hidden = true;
    this.#showStart();
  }

  /** @param {Stored[]} messages */
  #prepend(messages) {
    const height = this.scroller.scrollHeight;
    const first = /** @type {HTMLElement | null} */ (this.#log.firstElementChild);
    // What is old news should not be read aloud.
    this.#log.ariaLive = "off";
    /** @type {HTMLElement | null} */
    let previous = null;
    for (const message of messages) {
      previous = this.#put(storedMessage(message, this.page.isOwn(message.username)), message, previous, first);
    }
    if (first && previous) this.#meet(previous, first);
    if (this.#atEnd) this.#toEnd();
    else this.scroller.scrollTop += this.scroller.scrollHeight - height;
    requestAnimationFrame(() => (this.#log.ariaLive = "polite"));
  }

  /**
   * Puts a message in, under its day and with its author's name where the voice changes.
   * @param {HTMLElement} article @param {Stored} message @param {Element | null} previous @param {Element | null} [next]
   */
  #put(article, message, previous, next = null) {
    const date = new Date(message.timestamp);
    const spoken = voiceOf(previous);
    if (!spoken || !sameDay(spoken.date, date)) {
      this.#log.insertBefore(dayOf(date), next ?? (isMarker(previous) ? previous : null));
    }
    article.classList.toggle("follows", continues(spoken, { username: message.username, date }) && !isMarker(previous));
    this.#log.insertBefore(article, next);
    return article;
  }

  // Where two pages meet, the later one's day and name may turn out to be said already.
  /** @param {Element} last @param {HTMLElement} first */
  #meet(last, first) {
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

  #trim() {
    if (!this.#atEnd || this.#log.childElementCount <= manyShown || this.#reading) return;
    while (this.#log.childElementCount > enoughShown) this.#log.firstElementChild?.remove();
    const oldest = element("article", HTMLElement, this.#log);
    oldest.classList.remove("follows");
    this.#before = Number(oldest.dataset.seq);
    this.#showStart();
    if (this.#marker && !this.#marker.isConnected) this.#marker = undefined;
  }

  #mark() {
    if (this.#marker && this.unread > 0) return;
    this.#unmark();
    this.#marker = document.createElement("div");
    this.#marker.className = "marker";
    this.#marker.role = "separator";
    this.#marker.textContent = "New";
    this.#log.append(this.#marker);
  }

  #unmark() {
    this.#marker?.remove();
    this.#marker = undefined;
  }

  #isRead() {
    return this.#shown && this.#atEnd && document.visibilityState === "visible";
  }

  /** @param {number} unread */
  #setUnread(unread) {
    if (unread === this.unread) return;
    this.unread = unread;
    this.page.onChange();
  }

  #onScroll() {
    if (!this.#shown) return;
    const { scrollTop } = this.scroller;
    // What is added at the end moves the end away from the reader; only going up is the reader's wish.
    if (this.#isNearEnd()) this.#setAtEnd(true);
    else if (scrollTop < this.#lastTop) this.#setAtEnd(false);
    this.#lastTop = scrollTop;
  }

  #isNearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < nearTheEnd;
  }

  /** @param {boolean} atEnd */
  #setAtEnd(atEnd) {
    if (atEnd === this.#atEnd) return;
    this.#atEnd = atEnd;
    this.look();
    this.page.onChange();
  }

  // Once a frame is enough, however many messages come at once.
  #follow() {
    if (!this.#atEnd || !this.#shown || this.#scrolling) return;
    this.#scrolling = true;
    requestAnimationFrame(() => {
      this.#scrolling = false;
      if (this.#atEnd) this.#toEnd();
    });
  }

  #toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#lastTop = this.scroller.scrollTop;
  }

  #groupUnsent() {
    let spoken = voiceOf(this.#log.lastElementChild);
    for (const article of this.#unsent.children) {
      const voice = /** @type {Voice} */ (voiceOf(article));
      article.classList.toggle("follows", continues(spoken, voice));
      spoken = voice;
    }
    this.#showStart();
  }

  #showStart() {
    const atStart = this.#room !== undefined && this.#before === undefined;
    const silent = this.#log.querySelector("article") === null && this.#unsent.childElementCount === 0;
    const words = silent ? "Nothing is told here yet. The first word is yours." : `Here ${this.name} begins.`;
    tell(this.#start, atStart ? words : "");
    this.scroller.classList.toggle("empty", atStart && silent);
  }

  /** @param {string} id @returns {HTMLElement | undefined} */
  #unsentOf(id) {
    const articles = /** @type {HTMLElement[]} */ ([...this.#unsent.children]);
    return articles.find((article) => article.dataset.id === id);
  }
}

/** Whether a message goes on where the last one stopped, so that its author need not be named again. @param {Voice | undefined} last @param {Voice} next */
function continues(last, next) {
  return last !== undefined && last.username === next.username && next.date.getTime() - last.date.getTime() < oneBreath && sameDay(last.date, next.date);
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
  day.textContent = dayName(date);
  return day;
}

/** @param {string} text */
function noteOf(text) {
  const note = document.createElement("p");
  note.className = "note";
  note.textContent = text;
  return note;
}
