import { element } from "./elements.js";
import { counted } from "./sentences.js";
import { withoutEmptyEnds } from "./text.js";

/** From how many characters before the limit on they are counted. */
const countedFrom = 400;

/** Where one writes. It keeps what was begun in each room. */
export class Composer {
  #form = element("#composer-form", HTMLFormElement);
  #field = element("#composer", HTMLTextAreaElement);
  #sizer = element("#composer-sizer", HTMLElement);
  #fault = element("#composer-fault", HTMLElement);
  #count = element("#composer-count", HTMLElement);
  /** @type {Map<string, string>} */ #begun = new Map();
  #room = "";
  limit = 4000;

  /** @param {(text: string) => void} send @param {() => boolean} editLast opens one's last message; false where there is none */
  constructor(send, editLast) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = withoutEmptyEnds(this.#field.value);
      if (text === "") return;
      send(text);
      this.#field.focus();
    });
    this.#field.addEventListener("keydown", (event) => {
      if (event.key === "ArrowUp" && this.#field.value === "" && !hasModifier(event) && editLast()) event.preventDefault();
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
    this.#onInput();
  }

  /** What people see of the room. @param {string} title */
  set title(title) {
    this.#field.placeholder = `Write in ${title}`;
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
    // The field is as high as this copy of its text. Its height changes once for each change of the text and is never measured
    // in between, which would move the timeline above it.
    this.#sizer.textContent = `${value}\u200B`;
    const left = value.length > this.limit - countedFrom ? this.limit - Array.from(value).length : Infinity;
    this.#count.hidden = left > countedFrom;
    this.#count.textContent = `${counted(Math.abs(left), "character", "characters")} ${left < 0 ? "too many" : "left"}`;
    this.#count.classList.toggle("over", left < 0);
  }
}

/** @param {KeyboardEvent} event */
function hasModifier({ shiftKey, ctrlKey, altKey, metaKey, isComposing }) {
  return shiftKey || ctrlKey || altKey || metaKey || isComposing;
}
