import { element } from "./elements.js";

/** Where one writes. It keeps what was begun in each room. */
export class Composer {
  #form = element("#composer-form", HTMLFormElement);
  #field = element("#composer", HTMLTextAreaElement);
  #fault = element("#composer-fault", HTMLElement);
  #count = element("#composer-count", HTMLElement);
  /** @type {Map<string, string>} */ #begun = new Map();
  #room = "";
  limit = 4000;

  /** @param {(text: string) => void} send */
  constructor(send) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#field.value.trim();
      if (text === "") return;
      send(text);
      this.#field.focus();
    });
    this.#field.addEventListener("keydown", (event) => {
      // While an input method composes, Enter chooses a word.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    this.#field.addEventListener("input", () => this.#onInput());
  }

  /** @param {string} name */
  setRoom(name) {
    this.#begun.set(this.#room, this.#field.value);
    this.#room = name;
    this.#field.value = this.#begun.get(name) ?? "";
    this.#field.placeholder = `Write in ${name}`;
    this.#onInput();
  }

  clear() {
    this.#field.value = "";
    this.#onInput();
  }

  forget() {
    this.#begun.clear();
    this.clear();
  }

  focus() {
    this.#field.focus();
  }

  /** @param {string} [text] */
  showFault(text = "") {
    this.#fault.textContent = text;
  }

  #onInput() {
    this.showFault();
    const { value } = this.#field;
    // The height follows the lines; where the browser can, style.css fits it exactly.
    this.#field.rows = Math.min(8, value.split("\n").length);
    const left = value.length > this.limit - 400 ? this.limit - Array.from(value).length : Infinity;
    this.#count.hidden = left > 400;
    this.#count.textContent = String(left);
    this.#count.classList.toggle("over", left < 0);
  }
}
