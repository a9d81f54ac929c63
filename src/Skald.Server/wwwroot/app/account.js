import { SkaldError } from "../skald/index.js";
import { shortMoment } from "./dates.js";
import { element, tell } from "./elements.js";
import { learnRules } from "./rules.js";
import { fieldSentence, sentenceOf } from "./sentences.js";

/** @typedef {{id: number | string, created_at: string, last_used_at: string, user_agent: string | null, current: boolean}} Login */

/** The account's sheet: where one is signed in, and the password. */
export class Account {
  #sheet = element("#account-sheet", HTMLDialogElement);
  #sessions = element("#sessions", HTMLUListElement);
  #state = element("#sessions-state", HTMLElement);
  #form = element("#password-form", HTMLFormElement);
  #current = element("#current-password", HTMLInputElement);
  #new = element("#new-password", HTMLInputElement);
  #error = element("#password-error", HTMLElement);
  #done = element("#password-done", HTMLElement);
  #session;

  /** @param {import("../skald/index.js").Session} session */
  constructor(session) {
    this.#session = session;
    element("#account", HTMLButtonElement).addEventListener("click", () => this.#open());
    element("#account-close", HTMLButtonElement).addEventListener("click", () => this.close());
    element("#sign-out-everywhere", HTMLButtonElement).addEventListener("click", () => this.#end("/api/me/sessions/"));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#changePassword();
    });
    this.#sheet.addEventListener("close", () => {
      this.#form.reset();
      tell(this.#error);
      tell(this.#done);
    });
  }

  close() {
    this.#sheet.close();
  }

  #open() {
    // For password managers, which keep the new password under this name.
    element("#password-username", HTMLInputElement).value = this.#session.username ?? "";
    this.#sheet.showModal();
    learnRules(this.#session);
    this.#list();
  }

  async #list() {
    tell(this.#state, "Reading…");
    this.#sessions.replaceChildren();
    await this.#attempt(this.#state, async () => {
      const { body } = await this.#session.call("GET", "/api/me/sessions/");
      this.#sessions.replaceChildren(...body.map((/** @type {Login} */ login) => this.#itemOf(login)));
      tell(this.#state);
    });
  }

  /** @param {Login} login */
  #itemOf(login) {
    const item = document.createElement("li");
    const device = document.createElement("strong");
    device.textContent = deviceOf(login.user_agent ?? "");
    device.title = login.user_agent ?? "";
    const used = document.createElement("span");
    used.textContent = login.current ? "this page" : `last used ${shortMoment(new Date(login.last_used_at))}`;
    item.append(device, used);
    if (!login.current) {
      const end = document.createElement("button");
      end.type = "button";
      end.className = "quiet";
      end.textContent = "End";
      end.setAttribute("aria-label", `End the session on ${device.textContent}, ${used.textContent}`);
      end.addEventListener("click", () => this.#end(`/api/me/sessions/${encodeURIComponent(login.id)}/`));
      item.append(end);
    }
    return item;
  }

  /** @param {string} path */
  async #end(path) {
    await this.#attempt(this.#state, async () => {
      await this.#session.call("DELETE", path);
      // With all of them this page's own is over too; the closing socket signs it out.
      if (this.#session.signedIn) await this.#list();
    });
  }

  async #changePassword() {
    tell(this.#error);
    tell(this.#done);
    await this.#attempt(this.#error, async () => {
      await this.#session.call("POST", "/api/me/password/", { current_password: this.#current.value, new_password: this.#new.value });
      this.#form.reset();
      tell(this.#done, "The password is changed, and all other sessions are ended.");
      await this.#list();
    });
  }

  /** @param {HTMLElement} place where to tell of a failure @param {() => Promise<void>} action */
  async #attempt(place, action) {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof SkaldError)) throw error;
      const faults = Object.values(error.errors ?? {}).flat();
      tell(place, faults.length > 0 ? faults.map(fieldSentence).join(" ") : sentenceOf(error));
    }
  }
}

/** @param {string} userAgent */
function deviceOf(userAgent) {
  const browser = /Edg|Firefox|Chrome|Safari/.exec(userAgent)?.[0].replace("Edg", "Edge");
  const system = /Android|iPhone|iPad|Windows|Mac OS X|Linux/.exec(userAgent)?.[0].replace(" OS X", "");
  if (browser && system) return `${browser} on ${system}`;
  return userAgent.slice(0, 40) || "Unknown program";
}
