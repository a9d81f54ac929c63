const nearTheEnd = 40;

/** Where the reader is in a scroller: at its end, which stays in view as things are added, or where the reader went. */
export class ScrollPosition {
  /** Whether the end is kept in view. */
  atEnd = true;
  /** Whether the scroller's end is the end of all there is: only then it is something to be kept in view. */
  endsHere = true;
  #scroller;
  #page;
  #lastTop = 0;
  #lastHeight = 0;
  #following = false;

  /**
   * @param {HTMLElement} scroller
   * @param {{onEnd: () => void, onMove: () => void}} page told that `atEnd` changed, and that another part is in view
   */
  constructor(scroller, page) {
    this.#scroller = scroller;
    this.#page = page;
    scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    // A longer message being written, a phone's keyboard, a turned phone: the end stays in view.
    new ResizeObserver(() => {
      if (!scroller.isConnected) return;
      if (this.atEnd) this.toEnd();
      page.onMove();
    }).observe(scroller);
  }

  /** @param {number} distance in pixels */
  isNearTop(distance) {
    return this.#scroller.scrollTop < distance;
  }

  isNearEnd(distance = nearTheEnd) {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < distance;
  }

  /** Finds out anew whether the reader is at the end. */
  judge() {
    this.setAtEnd(this.endsHere && this.isNearEnd());
    this.#remember();
  }

  /** @param {boolean} atEnd */
  setAtEnd(atEnd) {
    if (atEnd === this.atEnd) return;
    this.atEnd = atEnd;
    this.#page.onEnd();
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#remember();
  }

  /** Keeps the end in view, if the reader is there. Once a frame is enough, however many messages come at once. */
  follow() {
    if (!this.atEnd || !this.#scroller.isConnected || this.#following) return;
    this.#following = true;
    requestAnimationFrame(() => {
      this.#following = false;
      if (this.atEnd && this.#scroller.isConnected) this.toEnd();
    });
  }

  /** Keeps what is in view where it is while something is put in above it. @param {() => void} change */
  holdWhile(change) {
    const before = this.#scroller.scrollHeight;
    change();
    if (this.atEnd) this.toEnd();
    else this.#scroller.scrollTop += this.#scroller.scrollHeight - before;
  }

  #onScroll() {
    if (!this.#scroller.isConnected) return;
    const { scrollTop, clientHeight } = this.#scroller;
    // Where the scroller has another height, its browser moved it and not the reader. What is added at the end moves the end
    // away from the reader; only going up is the reader's wish.
    if (this.atEnd && clientHeight !== this.#lastHeight) this.toEnd();
    else if (this.isNearEnd()) this.setAtEnd(this.atEnd || this.endsHere);
    else if (scrollTop < this.#lastTop) this.setAtEnd(false);
    this.#remember();
    this.#page.onMove();
  }

  #remember() {
    this.#lastTop = this.#scroller.scrollTop;
    this.#lastHeight = this.#scroller.clientHeight;
  }
}
