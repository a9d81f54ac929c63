import { clockTime } from "./dates.js";
import { element, tell } from "./elements.js";
import { closeWhenLeft } from "./room-menu.js";
import { counted, endSentence } from "./sentences.js";

/** @typedef {import("../skald/index.js").SkaldClient} SkaldClient */

const words = {
  connecting: "Connecting…",
  ready: "Connected",
  offline: "No network",
  reconnecting: "Reconnecting…",
  closed: "Disconnected",
};
const blocked =
  "The server answers, but no live connection to it can be opened: something on the way, such as a proxy or a firewall, " +
  "does not let WebSockets through. You can read. What you write waits here until there is a way.";
const offline = "This device is offline. You can go on writing: it is sent when the network is back.";
/** A connection that fails once has met an accident; the second time in a row the way itself is looked at. */
const suspicious = 2;

/** Says how the connection is: a word always, a line while it is away with the reason why, and its story where one asks for it. */
export class ConnectionBanner {
  #state = element("#connection-state", HTMLDetailsElement);
  #word = element("#connection-word", HTMLElement);
  #detail = element("#connection-detail", HTMLElement);
  #banner = element("#banner", HTMLElement);
  #text = element("#banner-text", HTMLElement);
  #action = element("#banner-action", HTMLButtonElement);
  #client;
  #answers;
  #notice;
  #act = () => {};
  /** @type {number | undefined} */ #countdown;
  #blocked = false;
  #interruptions = 0;
  #wasReady = false;
  /** @type {Date | undefined} */ #since;

  /**
   * @param {SkaldClient} client
   * @param {() => Promise<boolean>} answers whether the server answers a request over HTTP
   * @param {import("./notice.js").Notice} notice
   */
  constructor(client, answers, notice) {
    this.#client = client;
    this.#answers = answers;
    this.#notice = notice;
    this.#action.addEventListener("click", () => this.#act());
    this.#state.addEventListener("toggle", () => this.#tellStory());
    closeWhenLeft(this.#state);
    client.on("state", (state) => this.#show(state));
    client.on("resumed", ({ missed }) => {
      notice.say(missed === 0 ? "Back online" : `Back online · ${counted(missed, "missed message", "missed messages")}`);
    });
  }

  /** @param {SkaldClient["state"]} state */
  #show(state) {
    clearInterval(this.#countdown);
    const wasReady = this.#wasReady;
    this.#wasReady = state.state === "ready";
    if (state.state === "ready") {
      if (!wasReady) this.#since = new Date();
      this.#blocked = false;
    } else if (wasReady && state.state === "reconnecting") {
      this.#since = new Date();
      this.#interruptions++;
    } else if (state.state === "closed") {
      this.#interruptions = 0;
      this.#blocked = false;
    }
    const shown = isOffline(state) ? "offline" : state.state;
    this.#state.dataset.state = shown;
    this.#word.textContent = words[shown];
    this.#banner.hidden = shown === "ready" || shown === "connecting";
    if (!this.#banner.hidden) this.#notice.hide();
    if (state.state === "reconnecting") {
      this.#act = () => this.#client.wake();
      tell(this.#action, "Try now");
      this.#count(Date.now() + state.delay);
      if (state.attempt >= suspicious) this.#lookForTheReason();
    } else if (state.state === "closed") {
      this.#act = () => this.#client.connect();
      tell(this.#action, "Connect");
      this.#text.textContent = endSentence(state.code);
    } else if (shown === "offline") {
      tell(this.#action);
      this.#text.textContent = offline;
    }
    this.#tellStory();
  }

  // A browser does not say why a socket could not be opened. That the server answers all the same tells most of it.
  async #lookForTheReason() {
    const answers = await this.#answers();
    if (this.#client.state.state !== "reconnecting" || this.#blocked === answers) return;
    this.#blocked = answers;
    if (answers) this.#text.textContent = blocked;
  }

  /** @param {number} due */
  #count(due) {
    const tick = () => {
      const seconds = Math.round((due - Date.now()) / 1000);
      if (!this.#blocked) this.#text.textContent = isOffline(this.#client.state) ? offline : waiting(seconds);
      this.#action.hidden = seconds <= 1;
      if (seconds <= 1) clearInterval(this.#countdown);
    };
    this.#countdown = setInterval(tick, 1000);
    tick();
  }

  #tellStory() {
    const state = this.#client.state;
    const away = state.state !== "ready";
    const now = away
      ? `Not connected to ${location.host}.`
      : `Connected to ${location.host} since ${clockTime(this.#since ?? new Date())}.`;
    const unsent = this.#client.outbox.messages.length;
    const story = [
      isOffline(state) ? "This device is offline." : now,
      away && this.#since ? `Away since ${clockTime(this.#since)}.` : "",
      this.#interruptions > 0
        ? `${counted(this.#interruptions, "interruption", "interruptions")} since you signed in; nothing was lost.`
        : "",
      unsent > 0 ? `${counted(unsent, "message waits", "messages wait")} to be sent.` : "Everything you wrote is stored at the server.",
    ];
    this.#detail.textContent = story.filter((sentence) => sentence !== "").join(" ");
    this.#word.title = this.#detail.textContent;
  }
}

/**
 * The client hears of the browser's `offline` at once, seconds before the socket fails. A page that was opened without a network gets no
 * such event, and asks while it has no connection.
 * @param {SkaldClient["state"]} state
 */
function isOffline(state) {
  return "offline" in state || (state.state === "reconnecting" && !navigator.onLine);
}

/** @param {number} seconds */
function waiting(seconds) {
  return seconds > 1 ? `Reconnecting… next try in ${seconds} s. You can go on writing.` : "Reconnecting… You can go on writing.";
}
