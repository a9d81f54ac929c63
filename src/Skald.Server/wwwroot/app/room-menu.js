import { element } from "./elements.js";

/** What can be done with the room in front, behind a button: nothing of it is done often. */
export class RoomMenu {
  #menu = element("#room-menu", HTMLDetailsElement);
  #summary = element("#room-menu > summary", HTMLElement);
  #leave = element("#leave-room", HTMLButtonElement);

  /** @param {{show: () => void, copyLink: () => void, leave: () => void}} actions */
  constructor({ show, copyLink, leave }) {
    element("#show-room", HTMLButtonElement).addEventListener("click", () => {
      this.close();
      show();
    });
    element("#copy-room-link", HTMLButtonElement).addEventListener("click", () => {
      this.close();
      copyLink();
    });
    this.#leave.addEventListener("click", () => {
      this.close();
      leave();
    });
    closeWhenLeft(this.#menu);
  }

  /** @param {boolean} canLeave */
  set canLeave(canLeave) {
    this.#leave.hidden = !canLeave;
  }

  close() {
    if (!this.#menu.open) return;
    this.#menu.open = false;
    this.#summary.focus();
  }
}

/**
 * Lets something opened by its summary close as a menu does: by Escape, a press beside it, or when the focus goes elsewhere.
 * @param {HTMLDetailsElement} opened
 */
export function closeWhenLeft(opened) {
  document.addEventListener("pointerdown", ({ target }) => {
    if (target instanceof Node && !opened.contains(target)) opened.open = false;
  });
  opened.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && !opened.contains(relatedTarget)) opened.open = false;
  });
  opened.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !opened.open) return;
    event.stopPropagation();
    opened.open = false;
    element("summary", HTMLElement, opened).focus();
  });
}
