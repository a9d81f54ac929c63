/**
 * @typedef {import("../skald/index.js").SkaldError} SkaldError
 * @typedef {import("./message.js").Stored} Stored
 * @typedef {import("../skald/index.js").HistoryPage} Page
 */

const pageSize = 50;
const halfPage = pageSize / 2;

/**
 * Which stretch of a room's log the page shows: without a hole, from where `before` goes on back, to `last`. It reads the
 * pages next to it, one at a time. What was shown may be given up while a page is on its way; that page is then dropped.
 */
export class Pages {
  /** Where the next earlier page ends; undefined where there is none. @type {number | undefined} */ before;
  /** The last entry of the stretch, 0 in an empty room; undefined while there is no stretch. @type {number | undefined} */ last;
  /** The newest entry that is known to be stored. */
  newest = 0;
  #read;
  #page;
  /** @type {object | undefined} */ #reading;

  /**
   * @param {(query: {before?: number, after?: number, limit: number}) => Promise<Page>} read
   * @param {{onReading: () => void, onRead: () => void, onFailed: (error: SkaldError) => void}} page
   */
  constructor(read, page) {
    this.#read = read;
    this.#page = page;
  }

  get reading() {
    return this.#reading !== undefined;
  }

  /** Whether the stretch goes up to the newest message. */
  get whole() {
    return this.last !== undefined && this.last >= this.newest;
  }

  /** The stretch is given up. */
  forget() {
    this.last = this.before = this.#reading = undefined;
  }

  /** The stretch begins, empty, after this message. @param {number} seq */
  startAfter(seq) {
    this.last = seq;
    this.before = seq === 0 ? undefined : seq + 1;
  }

  /**
   * An entry of the log that is no message, or several numbers that hold nothing: the stretch goes on behind it.
   * @param {{seq: number, from?: number}} entry
   */
  pass({ seq, from = seq }) {
    if (this.last !== undefined && from <= this.last + 1) this.last = Math.max(this.last, seq);
    this.newest = Math.max(this.newest, seq);
  }

  /** @param {(messages: Stored[]) => void} put */
  readNewest(put) {
    this.#readPage({}, (page) => this.#startWith(page, put));
  }

  /** @param {number} seq @param {(messages: Stored[]) => void} put */
  readAround(seq, put) {
    this.#readPage({ after: Math.max(0, seq - halfPage) }, (page) => this.#startWith(page, put));
  }

  /** @param {(messages: Stored[]) => void} put */
  readEarlier(put) {
    if (this.before === undefined) return;
    this.#readPage({ before: this.before }, ({ messages, before }) => {
      this.before = before;
      put(messages);
    });
  }

  /** @param {(messages: Stored[]) => void} put */
  readLater(put) {
    if (this.last === undefined) return;
    this.#readPage({ after: this.last }, (page) => {
      // Fewer may be stored than was thought, after the log was shortened.
      if (page.messages.length === 0 && page.after === undefined) this.newest = /** @type {number} */ (this.last);
      put(this.#extend(page));
    });
  }

  /** @param {Page} page @param {(messages: Stored[]) => void} put */
  #startWith(page, put) {
    this.before = page.before;
    this.last = 0;
    put(this.#extend(page));
  }

  /** @param {Page} page */
  #extend({ messages, after, position }) {
    // A page that is the last one goes on to where the log was when it was read, whatever of that were edits and deletes.
    this.last = after ?? Math.max(messages.at(-1)?.seq ?? 0, position?.since ?? 0, /** @type {number} */ (this.last));
    this.newest = Math.max(this.newest, after === undefined ? this.last : this.last + 1);
    return messages;
  }

  /** @param {{before?: number, after?: number}} query @param {(page: Page) => void} take */
  async #readPage(query, take) {
    if (this.#reading) return;
    const reading = (this.#reading = {});
    this.#page.onReading();
    try {
      const page = await this.#read({ ...query, limit: pageSize });
      if (this.#reading !== reading) return;
      this.#reading = undefined;
      take(page);
      this.#page.onRead();
    } catch (error) {
      if (this.#reading !== reading) return;
      this.#reading = undefined;
      this.#page.onFailed(/** @type {SkaldError} */ (error));
    }
  }
}
