import { element, tell } from "./elements.js";
import { counted, endSentence } from "./sentences.js";

/** @typedef {import("/skald/index.js").SkaldClient} SkaldClient */

const noticeFor = 6_000;
const words = { connecting: "Connecting…", ready: "Online", reconnecting: "Reconnecting…", closed: "Offline" };

/** Says how the connection is: a word always, a line while it is away, and what was missed when it is back. */
export class ConnectionBanner {
  #word = element("#connection-state", HTMLElement);
  #banner = element("#banner", HTMLElement);
  #text = element("#banner-text", HTMLElement);
  #action = element("#banner-action", HTMLButtonElement);
  #notice = element("#notice", HTMLElement);
  /** @type {number | undefined} */ #countdown;
  /** @type {number | undefined} */ #hiding;
  #act = () => {};

  constructor() {
    this.#action.addEventListener("click", () => this.#act());
  }

  /** @param {SkaldClient} client */
  follow(client) {
    client.on("state", (state) => this.#show(state, client));
    client.on("resumed", ({ missed }) => {
      this.say(missed === 0 ? "Back online" : `Back online · ${counted(missed, "missed message", "missed messages")}`);
    });
  }

  /** Says something for a while. @param {string} text */
  say(text) {
    tell(this.#notice, text);
    clearTimeout(this.#hiding);
    this.#hiding = setTimeout(() => tell(this.#notice), noticeFor);
  }

  /** @param {SkaldClient["state"]} state @param {SkaldClient} client */
  #show(state, client) {
    clearInterval(this.#countdown);
    this.#word.dataset.state = state.state;
    this.#word.textContent = words[state.state];
    this.#banner.hidden = state.state === "ready" || state.state === "connecting";
    if (!this.#banner.hidden) tell(this.#notice);
    if (state.state === "reconnecting") {
      this.#act = () => client.wake();
      tell(this.#action, "Try now");
      this.#count(Date.now() + state.delay);
    } else if (state.state === "closed") {
      this.#act = () => client.connect();
      tell(this.#action, "Connect");
      this.#text.textContent = endSentence(state.code);
    }
  }

  /** @param {number} due */
  #count(due) {
    const tick = () => {
      const seconds = Math.round((due - Date.now()) / 1000);
      this.#text.textContent = seconds > 1 ? `Reconnecting… next try in ${seconds} s. You can go on writing.` : "Reconnecting… You can go on writing.";
      this.#action.hidden = seconds <= 1;
      if (seconds <= 1) clearInterval(this.#countdown);
    };
    this.#countdown = setInterval(tick, 1000);
    tick();
  }
}
