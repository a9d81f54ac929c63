import { Messages } from "../skald/index.js";
import { refreshTimes } from "./dates.js";
import { openEditor } from "./editor.js";
import { copyOf, element, tell } from "./elements.js";
import { rewrite, showDeleted, storedMessage } from "./message.js";
import { Pages } from "./pages.js";
import { ScrollPosition } from "./scroll-position.js";
import { sentenceOf } from "./sentences.js";
import { UnsentList } from "./unsent.js";
import { group, meet, newMarker, putIn } from "./voices.js";

/**
 * @typedef {import("../skald/index.js").Room} Room
 * @typedef {import("../skald/index.js").Entry} Entry
 * @typedef {import("./message.js").Stored} Stored
 * @typedef {import("./message.js").Unsent} Unsent
 * @typedef {import("./pages.js").Page} Page
 */

const manyShown = 600;
const enoughShown = 300;
/** More unread messages than this are not told apart; the badge says "99+" long before. */
const manyUnread = 1000;
/** How far from the shown stretch's end, in pixels, the next page is read. */
const near = 400;

/**
 * One room's messages on the page: a stretch of stored ones, then those on their way. It keeps to the end while the reader is
 * there, and stays where the reader is otherwise.
 */
export class Timeline {
  scroller = copyOf("timeline-template");

  #log = element(".log", HTMLElement, this.scroller);
  #loading = element(".loading", HTMLElement, this.scroller);
  #start = element(".start", HTMLElement, this.scroller);
  #stuck = element(".stuck", HTMLElement, this.scroller);
  #position;
  #pages;
  #unsent;
  /** What the stretch shows, as it is now. */ #messages = new Messages();
  #shown = false;
  /** Numbers of messages that came while the reader was elsewhere. @type {Set<number>} */ #unread = new Set();
  /** @type {HTMLElement | undefined} */ #marker;
  /** The message that the address leads to, until it is shown. @type {number | undefined} */ #sought;

  /**
   * @param {string} name
   * @param {object} page
   * @param {(query: {before?: number, after?: number, limit: number}) => Promise<Page>} page.read
   * @param {(username: string) => boolean} page.isOwn
   * @param {() => void} page.onChange
   * @param {(text: string) => void} page.retry
   * @param {(seq: number, text: string, ifVersion: number) => Promise<unknown>} page.edit
   * @param {(message: Stored) => void} page.askToDelete
   * @param {(text: string) => void} page.say
   */
  constructor(name, page) {
    this.name = name;
    this.page = page;
    this.#log.setAttribute("aria-label", `Messages in ${name}`);
    element("button", HTMLButtonElement, this.#stuck).addEventListener("click", () => this.tryAgain());
    this.#log.addEventListener("click", (event) => this.#onClick(event));
    this.#position = new ScrollPosition(this.scroller, { onEnd: () => this.#onEnd(), onMove: () => this.#readWhatIsNear() });
    this.#unsent = new UnsentList(element(".unsent", HTMLElement, this.scroller), {
      onChange: () => {
        this.#onUnsentChange();
        // Where one is taken out, the browser moves what is in view. That is known at once, before anything is put in again.
        if (this.#shown && this.atEnd) this.#position.toEnd();
      },
      retry: page.retry,
    });
    this.#pages = new Pages(page.read, {
      onReading: () => this.#onReading(),
      onRead: () => this.#onRead(),
      onFailed: (error) => this.#onFailed(error),
    });
  }

  get atEnd() {
    return this.#position.atEnd;
  }

  /** The room is joined: what comes live follows its cursor. @param {Room} room */
  begin(room) {
    this.#pages.newest = Math.max(this.#pages.newest, Number(room.cursor));
    this.#readWhatIsNear();
  }

  /** The log could not go on from where the page was. @param {Room} room */
  beginAnew(room) {
    this.#forget();
    this.#log.append(noteOf("The log was shortened or replaced at the server. What stands here is read anew."));
    this.#unread.clear();
    this.#position.setAtEnd(true);
    this.#pages.newest = Number(room.cursor);
    this.#readWhatIsNear();
  }

  /** @param {HTMLElement} stage */
  show(stage) {
    this.#shown = true;
    refreshTimes(this.scroller);
    stage.prepend(this.scroller);
    if (this.#marker && this.unread > 0) this.#marker.scrollIntoView({ block: "center" });
    else this.#position.toEnd();
    if (this.#pages.last !== undefined) this.#position.judge();
    this.look();
    this.#readWhatIsNear();
  }

  hide() {
    this.#shown = false;
    this.scroller.remove();
    this.point();
    this.#position.atEnd = true;
    if (!this.#pages.whole) this.#forget();
    if (this.unread === 0) this.#unmark();
  }

  /** How many messages nobody has read yet. */
  get unread() {
    return this.#unread.size;
  }

  /** The page was looked at again. */
  look() {
    if (!this.#isRead() || this.unread === 0) return;
    this.#unread.clear();
    this.page.onChange();
  }

  toLatest() {
    if (!this.#pages.whole) this.#forget();
    this.#position.setAtEnd(true);
    this.#position.toEnd();
    this.#readWhatIsNear();
  }

  /** Shows where a link leads. @param {number} [seq] none: nothing is pointed at any more */
  point(seq) {
    this.#log.querySelector(".pointed")?.classList.remove("pointed");
    this.#sought = seq;
    if (seq === undefined) return;
    const article = this.#articleOf(seq);
    if (article) {
      this.#pointAt(article);
      return;
    }
    this.#forget();
    this.#position.setAtEnd(false);
    this.#readWhatIsNear();
  }

  /** @param {Stored} message the one after the last */
  append(message) {
    if (this.#pages.last === undefined && !this.#pages.reading && this.#sought === undefined) this.#pages.startAfter(message.seq - 1);
    const { last = 0 } = this.#pages;
    const own = this.page.isOwn(message.username);
    const isNew = message.seq > Math.max(last, this.#pages.newest);
    this.#pages.newest = Math.max(this.#pages.newest, message.seq);
    if (message.client_msg_id !== undefined && own) this.#unsent.take(message.client_msg_id);
    if (message.seq === last + 1 && this.#pages.last !== undefined) {
      if (!own && !this.#isRead()) this.#mark();
      this.#pages.last = message.seq;
      this.#messages.take(message);
      putIn(this.#log, this.#articleFor(message), this.#log.lastElementChild);
      this.#trim();
    }
    this.#position.endsHere = this.#pages.whole;
    if (isNew && !own && !this.#isRead() && this.unread < manyUnread) {
      this.#unread.add(message.seq);
      this.page.onChange();
    }
    this.#onUnsentChange();
    this.#readWhatIsNear();
  }

  /** Something was done in the room that is no message. @param {Entry} entry */
  pass(entry) {
    const article = entry.target === undefined ? null : this.#articleOf(entry.target);
    if (this.#messages.take(entry) && article) this.#redraw(article);
    if (entry.kind === "deleted" && entry.target !== undefined && this.#unread.delete(entry.target)) this.page.onChange();
    this.#pages.pass(entry);
    this.#position.endsHere = this.#pages.whole;
    this.#readWhatIsNear();
  }

  /** Opens the last message of one's own that can be changed. @returns {boolean} whether there is one */
  editLast() {
    const article = [...this.#log.querySelectorAll(".own:not(.deleted)")].at(-1);
    if (!(article instanceof HTMLElement)) return false;
    this.#edit(article);
    return true;
  }

  /** What could not be read may be read now. */
  tryAgain() {
    this.#stuck.hidden = true;
    this.#readWhatIsNear();
  }

  /** @param {Unsent} message @param {string} username */
  addUnsent(message, username) {
    this.#unmark();
    this.#unsent.add(message, username);
    if (this.#shown) this.toLatest();
  }

  /** @param {string} id */
  takeUnsent(id) {
    this.#unsent.take(id);
  }

  /** @param {Unsent} message @param {unknown} error */
  refuse(message, error) {
    this.#unsent.refuse(message, error);
  }

  // Asked for at every move and after every page: what a browser tells of is changes only, and a page that is put in and
  // passed within one frame is none.
  #readWhatIsNear() {
    if (!this.#shown || this.#pages.reading || !this.#stuck.hidden) return;
    const pages = this.#pages;
    if (pages.last === undefined) {
      if (this.#sought === undefined) pages.readNewest((messages) => this.#prepend(messages));
      else pages.readAround(this.#sought, (messages) => this.#prepend(messages));
    } else if (pages.before !== undefined && this.#position.isNearTop(near)) {
      pages.readEarlier((messages) => this.#prepend(messages));
    } else if (!pages.whole && this.#position.isNearEnd(near)) {
      pages.readLater((messages) => this.#extend(messages));
    }
  }

  #onReading() {
    this.#loading.hidden = this.#pages.last !== undefined && !this.#position.isNearTop(near);
  }

  #onRead() {
    this.#loading.hidden = true;
    this.#position.endsHere = this.#pages.whole;
    this.#reachSought();
    if (this.#pages.whole && this.#position.isNearEnd()) this.#position.setAtEnd(true);
    this.#onUnsentChange();
    if (this.atEnd) this.#position.toEnd();
    this.#readWhatIsNear();
  }

  /** @param {unknown} error */
  #onFailed(error) {
    const earlier = this.#pages.last === undefined || this.#position.isNearTop(near);
    this.#log[earlier ? "before" : "after"](this.#stuck);
    this.#loading.hidden = true;
    this.#stuck.hidden = false;
    const what = this.#pages.last === undefined ? "The messages" : earlier ? "Earlier messages" : "Later messages";
    element("p", HTMLElement, this.#stuck).textContent = `${what} could not be read. ${sentenceOf(error)}`;
    this.#showStart();
  }

  #reachSought() {
    if (this.#sought === undefined) return;
    const article = this.#articleOf(this.#sought);
    if (article) {
      this.#pointAt(article);
      return;
    }
    this.page.say(`There is no message ${this.#sought} in ${this.name}.`);
    this.#sought = undefined;
    this.toLatest();
  }

  /** @param {HTMLElement} article */
  #pointAt(article) {
    this.#sought = undefined;
    article.classList.add("pointed");
    article.scrollIntoView({ block: "center" });
    this.#position.judge();
    element(".when", HTMLAnchorElement, article).focus({ preventScroll: true });
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const button = event.target instanceof Element ? event.target.closest(".actions button") : null;
    const article = button?.closest("article");
    if (!(button instanceof HTMLElement) || !article) return;
    const message = this.#messages.get(Number(article.dataset.seq));
    if (button.dataset.testid === "edit") this.#edit(article);
    else if (message) this.page.askToDelete(message);
  }

  /** @param {HTMLElement} article */
  #edit(article) {
    const message = this.#messages.get(Number(article.dataset.seq));
    const open = article.querySelector(".editor textarea");
    if (open instanceof HTMLElement) open.focus();
    else if (message) {
      openEditor(article, message, {
        save: (text, ifVersion) => this.page.edit(message.seq, text, ifVersion),
        onResize: () => this.#position.follow(),
        say: this.page.say,
      });
    }
  }

  /** @param {HTMLElement} article */
  #redraw(article) {
    const message = this.#messages.get(Number(article.dataset.seq));
    const isAbove = article.getBoundingClientRect().bottom < this.scroller.getBoundingClientRect().top;
    const draw = () => (message ? rewrite(article, message) : showDeleted(article));
    if (this.#shown && (isAbove || this.atEnd)) this.#position.holdWhile(draw);
    else draw();
  }

  #forget() {
    this.#pages.forget();
    this.#messages = new Messages();
    this.#log.replaceChildren();
    this.#marker = undefined;
    this.#stuck.hidden = true;
    this.#position.endsHere = false;
    this.#showStart();
  }

  /** @param {Stored[]} messages */
  #prepend(messages) {
    this.#quietly(() => {
      const first = /** @type {HTMLElement | null} */ (this.#log.firstElementChild);
      this.#position.holdWhile(() => {
        const last = this.#putAll(messages, null, first);
        if (first && last) meet(last, first);
      });
    });
  }

  /** @param {Stored[]} messages */
  #extend(messages) {
    this.#quietly(() => this.#putAll(messages, this.#log.lastElementChild, null));
  }

  /** @param {Stored[]} messages @param {Element | null} previous @param {Element | null} next @returns {Element | null} the last one */
  #putAll(messages, previous, next) {
    this.#messages.takePage(messages);
    for (const { seq } of messages) {
      // Since the page was read, it may have been changed.
      const message = this.#messages.get(seq);
      if (message) previous = putIn(this.#log, this.#articleFor(message), previous, next);
    }
    return previous;
  }

  // What is old news should not be read aloud.
  /** @param {() => void} change */
  #quietly(change) {
    this.#log.ariaLive = "off";
    change();
    requestAnimationFrame(() => (this.#log.ariaLive = "polite"));
  }

  #trim() {
    if (!this.atEnd || this.#log.childElementCount <= manyShown || this.#pages.reading) return;
    while (this.#log.childElementCount > enoughShown) {
      const first = /** @type {HTMLElement} */ (this.#log.firstElementChild);
      this.#messages.forget(Number(first.dataset.seq));
      first.remove();
    }
    const oldest = element("article", HTMLElement, this.#log);
    oldest.classList.remove("follows");
    this.#pages.before = Number(oldest.dataset.seq);
    if (this.#marker && !this.#marker.isConnected) this.#marker = undefined;
  }

  #mark() {
    if (this.#marker && this.unread > 0) return;
    this.#unmark();
    this.#marker = newMarker();
    this.#log.append(this.#marker);
  }

  #unmark() {
    this.#marker?.remove();
    this.#marker = undefined;
  }

  #isRead() {
    return this.#shown && this.atEnd && document.visibilityState === "visible";
  }

  #onEnd() {
    this.look();
    this.page.onChange();
  }

  #onUnsentChange() {
    group(this.#log.lastElementChild, this.#unsent.articles);
    this.#showStart();
    this.#position.follow();
  }

  #showStart() {
    const atStart = this.#pages.last !== undefined && this.#pages.before === undefined;
    const silent = this.#log.querySelector("article") === null && this.#unsent.articles.length === 0;
    const words = silent ? "Nothing is told here yet. The first word is yours." : `Here ${this.name} begins.`;
    tell(this.#start, atStart ? words : "");
    this.scroller.classList.toggle("empty", atStart && silent);
  }

  /** @param {Stored} message */
  #articleFor(message) {
    return storedMessage(this.name, message, this.page.isOwn(message.username));
  }

  /** @param {number} seq @returns {HTMLElement | null} */
  #articleOf(seq) {
    return this.#log.querySelector(`article[data-seq="${seq}"]`);
  }
}

/** @param {string} text */
function noteOf(text) {
  const note = document.createElement("p");
  note.className = "note";
  note.textContent = text;
  return note;
}
