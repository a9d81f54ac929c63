/**
 * @typedef {import("./frames.js").ChatMessage} ChatMessage
 * @typedef {import("./frames.js").DeletedMessage} DeletedMessage
 * @typedef {import("./frames.js").LogEntry} LogEntry
 */

// An entry of a kind that is yet to be invented may carry something else.
const changesMessage = new Set(["edited", "deleted"]);

/**
 * The messages of one room as they are now, of pages of history and of what the room's socket brings, in whatever order they come: of
 * each message the newest version is kept. An entry about a message that no page has brought shows nothing; but a page that was asked for
 * before it and comes after it brings an older message, so what the entry says is kept for it.
 */
export class Messages {
  /** @type {Map<number, ChatMessage | DeletedMessage>} */ #newest = new Map();
  /** What pages and the socket have brought as messages. @type {Set<number>} */ #held = new Set();

  /** The messages, oldest first, without those that are deleted. @returns {ChatMessage[]} */
  get all() {
    const seqs = [...this.#held].sort((a, b) => a - b);
    return seqs.map((seq) => this.get(seq)).filter((message) => message !== undefined);
  }

  /** @param {number} seq @returns {ChatMessage | undefined} undefined where it is deleted or was never brought */
  get(seq) {
    const newest = this.#held.has(seq) ? this.#newest.get(seq) : undefined;
    return newest && !newest.deleted ? newest : undefined;
  }

  /** @param {ChatMessage[]} page */
  takePage(page) {
    for (const message of page) this.take(message);
  }

  /** @param {LogEntry} frame a message or another entry of the room's log @returns {boolean} whether a message has come, changed or gone */
  take(frame) {
    if (frame.type === "chat_message") {
      const isNew = !this.#held.has(frame.seq);
      this.#held.add(frame.seq);
      return this.#keep(frame) || (isNew && this.get(frame.seq) !== undefined);
    }
    const { kind, now } = frame;
    return now !== undefined && changesMessage.has(kind) && this.#keep(now) && this.#held.has(now.seq);
  }

  /** Forgets a message, as if it had never come. @param {number} seq */
  forget(seq) {
    this.#held.delete(seq);
    this.#newest.delete(seq);
  }

  /** @param {ChatMessage | DeletedMessage} message @returns {boolean} whether it is newer than what was known */
  #keep(message) {
    const known = this.#newest.get(message.seq);
    if (known && versionOf(known) >= versionOf(message)) return false;
    this.#newest.set(message.seq, message);
    return true;
  }
}

/** @param {ChatMessage | DeletedMessage} message */
function versionOf({ version, seq }) {
  return version ?? seq;
}
