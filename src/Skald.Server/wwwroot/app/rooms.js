import { copyOf, element, tell } from "./elements.js";

/** The list of rooms in the sidebar, and the field to join another. It knows names and counts, and nothing of messages. */
export class Rooms {
  #list = element("#room-list", HTMLUListElement);
  #form = element("#add-room-form", HTMLFormElement);
  #name = element("#add-room-name", HTMLInputElement);
  #fault = element("#add-room-fault", HTMLElement);
  #menuDot = element("#menu-dot", HTMLElement);
  /** @type {Map<string, {item: HTMLElement, unread: number}>} */ #rooms = new Map();

  /** @param {{choose: (name: string) => void, add: (name: string) => void}} actions */
  constructor({ choose, add }) {
    this.choose = choose;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = this.#name.value.trim().replace(/^#/, "");
      if (name !== "") add(name);
    });
    this.#name.addEventListener("input", () => tell(this.#fault));
    this.#list.addEventListener("keydown", (event) => this.#move(event));
  }

  /** @param {string} name */
  add(name) {
    if (this.#rooms.has(name)) return;
    const item = copyOf("room-template");
    element(".room-item-name", HTMLElement, item).textContent = name;
    const button = element("button", HTMLButtonElement, item);
    button.dataset.room = name;
    button.addEventListener("click", () => this.choose(name));
    this.#rooms.set(name, { item, unread: 0 });
    this.#list.append(item);
  }

  /** @param {string} name */
  remove(name) {
    this.#rooms.get(name)?.item.remove();
    this.#rooms.delete(name);
    this.#sum();
  }

  clear() {
    this.#list.replaceChildren();
    this.#rooms.clear();
    this.#sum();
  }

  clearField() {
    this.#name.value = "";
    tell(this.#fault);
  }

  /** @param {string} text */
  showFault(text) {
    tell(this.#fault, text);
  }

  /** @param {string} current */
  mark(current) {
    for (const [name, { item }] of this.#rooms) {
      const button = element("button", HTMLButtonElement, item);
      if (name === current) button.setAttribute("aria-current", "page");
      else button.removeAttribute("aria-current");
    }
  }

  /** @param {string} name @param {number} unread */
  setUnread(name, unread) {
    const room = this.#rooms.get(name);
    if (!room) return;
    room.unread = unread;
    const badge = element(".badge", HTMLElement, room.item);
    tell(badge, unread === 0 ? "" : unread > 99 ? "99+" : String(unread));
    element("button", HTMLButtonElement, room.item).setAttribute("aria-label", unread === 0 ? name : `${name}, ${unread} unread`);
    this.#sum();
  }

  #sum() {
    let sum = 0;
    for (const { unread } of this.#rooms.values()) sum += unread;
    this.#menuDot.hidden = sum === 0;
    document.title = sum === 0 ? "Skald" : `(${sum > 99 ? "99+" : sum}) Skald`;
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const buttons = [...this.#list.querySelectorAll("button")];
    const here = buttons.findIndex((button) => button === document.activeElement);
    buttons.at((here + step) % buttons.length)?.focus();
  }
}
