import { element } from "./elements.js";

const shownFor = 6_000;
const choiceFor = 12_000;

/** A line over the timeline that says what has just happened, and goes by itself; one thing may be done about it until then. */
export class Notice {
  #notice = element("#notice", HTMLElement);
  #text = element("#notice-text", HTMLElement);
  #action = element("#notice-action", HTMLButtonElement);
  /** @type {number | undefined} */ #hiding;
  #act = () => {};

  constructor() {
    this.#action.addEventListener("click", () => {
      this.hide();
      this.#act();
    });
  }

  /** @param {string} text @param {{label: string, act: () => void}} [choice] */
  say(text, choice) {
    this.#text.textContent = text;
    this.#action.textContent = choice?.label ?? "";
    this.#action.hidden = choice === undefined;
    this.#act = choice?.act ?? (() => {});
    this.#notice.hidden = false;
    clearTimeout(this.#hiding);
    this.#hiding = setTimeout(() => this.hide(), choice ? choiceFor : shownFor);
  }

  hide() {
    clearTimeout(this.#hiding);
    this.#notice.hidden = true;
  }
}
