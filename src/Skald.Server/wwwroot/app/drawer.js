import { element } from "./elements.js";

/** The sidebar: beside the room where there is space, else a drawer over it. */
export class Drawer {
  #side = element("#side", HTMLElement);
  #room = element("#room", HTMLElement);
  #menu = element("#menu", HTMLButtonElement);
  #veil = element("#veil", HTMLElement);
  #narrow = matchMedia("(max-width: 760px)");
  #open = false;

  constructor() {
    this.#menu.addEventListener("click", () => this.#set(true));
    element("#drawer-close", HTMLButtonElement).addEventListener("click", () => this.close());
    this.#veil.addEventListener("click", () => this.close());
    this.#narrow.addEventListener("change", () => this.#set(false));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#open) this.close();
    });
    this.#set(false);
  }

  /** @returns {boolean} whether it was open */
  close() {
    if (!this.#open) return false;
    this.#set(false);
    this.#menu.focus();
    return true;
  }

  /** @param {boolean} open */
  #set(open) {
    this.#open = open && this.#narrow.matches;
    this.#side.classList.toggle("open", this.#open);
    // Behind the veil, and in a closed drawer, nothing should be reached with the keyboard.
    this.#side.inert = this.#narrow.matches && !this.#open;
    this.#room.inert = this.#open;
    this.#veil.hidden = !this.#open;
    this.#menu.setAttribute("aria-expanded", String(this.#open));
    if (this.#open) element("[aria-current]", HTMLElement, this.#side).focus();
  }
}
