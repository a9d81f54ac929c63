import { ageing } from "./dates.js";
import { copyOf, element, tell } from "./elements.js";
import { addressOf } from "./place.js";

/** @typedef {{seq: number, username: string, text: string, date: Date}} LastWord */

/** The list of rooms in the sidebar, the liveliest first, and the form to join another. It knows names, counts and the last words. */
export class Rooms {
  #list = element("#room-list", HTMLUListElement);
  #form = element("#add-room-form", HTMLFormElement);
  #name = element("#add-room-name", HTMLInputElement);
  #fault = element("#add-room-fault", HTMLElement);
  #menuDot = element("#menu-dot", HTMLElement);
  /** @type {Map<string, {item: HTMLElement, title: string, unread: number, at: number, seq: number}>} */ #rooms = new Map();
  #current = "";

  /**
   * @param {{chosen: () => void, add: (name: string) => void}} actions `chosen`: the room in front once more, whose link leads
   *  nowhere else
   */
  constructor({ chosen, add }) {
    this.chosen = chosen;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = this.#name.value.trim().replace(/^#/, "");
      if (name === "") this.showFault("Write the room’s name first.");
      else add(name);
    });
    this.#name.addEventListener("input", () => tell(this.#fault));
    this.#list.addEventListener("keydown", (event) => this.#move(event));
  }

  /** @param {string} name */
  add(name) {
    if (this.#rooms.has(name)) return;
    const item = copyOf("room-template");
    element(".room-item-name", HTMLElement, item).textContent = name;
    const link = element("a", HTMLAnchorElement, item);
    link.dataset.room = name;
    link.href = addressOf(name);
    link.addEventListener("click", () => this.chosen());
    this.#rooms.set(name, { item, title: name, unread: 0, at: 0, seq: 0 });
    this.#list.append(item);
  }

  /** What people see instead of a room's name. @param {string} name @param {string} title @param {boolean} isPrivate */
  setTitle(name, title, isPrivate) {
    const room = this.#rooms.get(name);
    if (!room) return;
    room.title = title || name;
    element(".room-item-name", HTMLElement, room.item).textContent = room.title;
    element(".room-item-sign", HTMLElement, room.item).hidden = isPrivate;
    element(".room-item-sign.lock", HTMLElement, room.item).hidden = !isPrivate;
    this.#sum();
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
    this.#current = "";
    this.#sum();
  }

  clearField() {
    this.#name.value = "";
    tell(this.#fault);
  }

  /** @param {string} text */
  showFault(text) {
    tell(this.#fault, text);
    this.#name.focus();
  }

  /** @param {string} current */
  mark(current) {
    this.#current = current;
    for (const [name, { item }] of this.#rooms) {
      const link = element("a", HTMLAnchorElement, item);
      if (name === current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.#sum();
  }

  /** @param {string} name @param {LastWord} word an earlier one than the last is passed over */
  setLastWord(name, { seq, username, text, date }) {
    const room = this.#rooms.get(name);
    if (!room || date.getTime() < room.at) return;
    room.at = date.getTime();
    room.seq = seq;
    tell(element(".room-item-word", HTMLElement, room.item), `${username}: ${text.slice(0, 80).replace(/\s+/g, " ")}`);
    ageing(element("time", HTMLTimeElement, room.item), date, "room").hidden = false;
    this.#sort(room);
  }

  /** @param {string} name @param {number} seq @returns {boolean} whether this was the last word, which is now not shown any more */
  takeBack(name, seq) {
    const room = this.#rooms.get(name);
    if (!room || room.seq !== seq) return false;
    room.at = room.seq = 0;
    tell(element(".room-item-word", HTMLElement, room.item));
    element("time", HTMLTimeElement, room.item).hidden = true;
    return true;
  }

  /** @param {string} name @param {number} unread */
  setUnread(name, unread) {
    const room = this.#rooms.get(name);
    if (!room) return;
    room.unread = unread;
    const badge = element(".badge", HTMLElement, room.item);
    badge.hidden = unread === 0;
    element(".badge-count", HTMLElement, badge).textContent = unread > 99 ? "99+" : String(unread);
    this.#sum();
  }

  // Only the one room moves, and the focus with it.
  /** @param {{item: HTMLElement, at: number}} room */
  #sort({ item, at }) {
    /** @type {Set<Element>} */
    const older = new Set();
    for (const other of this.#rooms.values()) if (other.at < at) older.add(other.item);
    const next = [...this.#list.children].find((other) => older.has(other)) ?? null;
    if (item.nextElementSibling === next) return;
    const focused = document.activeElement;
    this.#list.insertBefore(item, next);
    if (focused instanceof HTMLElement && item.contains(focused)) focused.focus();
  }

  #sum() {
    let sum = 0;
    for (const { unread } of this.#rooms.values()) sum += unread;
    this.#menuDot.hidden = sum === 0;
    const title = this.#rooms.get(this.#current)?.title ?? this.#current;
    const place = title === "" ? "Skald" : `${title} · Skald`;
    document.title = sum === 0 ? place : `(${sum > 99 ? "99+" : sum}) ${place}`;
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const links = [...this.#list.querySelectorAll("a")];
    const at = links.findIndex((link) => link === document.activeElement);
    links.at((at + step) % links.length)?.focus();
  }
}
