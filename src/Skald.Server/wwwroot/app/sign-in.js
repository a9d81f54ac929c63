import { SkaldError } from "../skald/index.js";
import { element, tell } from "./elements.js";
import { keepUsername, keptUsername } from "./storage.js";
import { letReveal } from "./reveal.js";
import { learnRules } from "./rules.js";
import { fieldSentence, sentenceOf } from "./sentences.js";

/** @typedef {import("../skald/index.js").Session} Session */

const kept = "You stay signed in on this browser until you sign out or stay away for long.";
const closed = "Nobody can register here. Ask whoever runs this server for an account.";

/** The page before one is signed in: sign in, or, where the server lets everybody, create an account and be signed in with it. */
export class SignIn {
  #page = element("#sign-in-page", HTMLElement);
  #form = element("#sign-in-form", HTMLFormElement);
  #username = element("#username", HTMLInputElement);
  #password = element("#password", HTMLInputElement);
  #email = element("#email", HTMLInputElement);
  #submit = element("#sign-in-submit", HTMLButtonElement);
  #error = element("#form-error", HTMLElement);
  #session;
  #done;
  #registering = false;
  #open = true;
  /** What the server allows here, once it has said so. @type {Promise<import("./rules.js").Rules>} */
  #rules = Promise.resolve({ open: true, keep: null });

  /** @param {Session} session @param {(kept: boolean) => void} done told whether a reload will find the session again */
  constructor(session, done) {
    this.#session = session;
    this.#done = done;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    element("#mode-switch", HTMLButtonElement).addEventListener("click", () => this.#setMode(!this.#registering));
    for (const input of [this.#username, this.#password, this.#email]) {
      input.addEventListener("input", () => this.#fault(input));
    }
    letReveal(document);
  }

  /** @param {string} [note] why one is here again */
  show(note) {
    this.#page.hidden = false;
    tell(element("#sign-in-note", HTMLElement), note);
    this.#setMode(false);
    this.#username.value ||= keptUsername();
    (this.#username.value ? this.#password : this.#username).focus();
    this.#rules = learnRules(this.#session);
    this.#offerWhatIsAllowed();
  }

  // What the page would take back is not offered: the way to an account shows when the server has said whether there is one.
  async #offerWhatIsAllowed() {
    const { open, keep } = await this.#rules;
    tell(element("#sign-in-kept", HTMLElement), keep ? kept : "");
    this.#open = open;
    if (this.#registering && !open) this.#setMode(false);
    this.#offer();
    element("#sign-in-switch", HTMLElement).dataset.known = "true";
  }

  /** @param {boolean} registering */
  #setMode(registering) {
    this.#registering = registering;
    element("#sign-in-title", HTMLElement).textContent = registering ? "Create an account" : "Sign in";
    this.#offer();
    for (const id of ["email-field", "username-rule", "password-rule"]) element(`#${id}`, HTMLElement).hidden = !registering;
    this.#submit.textContent = registering ? "Create account" : "Sign in";
    this.#submit.dataset.testid = registering ? "register" : "sign-in";
    this.#password.autocomplete = registering ? "new-password" : "current-password";
    this.#clear();
  }

  /** The other way in, or why there is none. */
  #offer() {
    const text = element("#sign-in-switch-text", HTMLElement);
    const change = element("#mode-switch", HTMLButtonElement);
    if (!this.#open) [text.textContent, change.hidden] = [closed, true];
    else {
      text.textContent = this.#registering ? "Been here before?" : "New here?";
      tell(change, this.#registering ? "Sign in" : "Create an account");
    }
  }

  async #send() {
    this.#clear();
    const empty = [this.#username, this.#password].filter((input) => input.value === "");
    for (const input of empty) this.#fault(input, input === this.#username ? "Enter your username." : "Enter your password.");
    if (empty.length > 0) return empty[0].focus();

    this.#submit.disabled = true;
    try {
      await this.#signIn(this.#username.value.trim(), this.#password.value, this.#email.value.trim());
    } catch (error) {
      if (!(error instanceof SkaldError)) throw error;
      this.#tell(error);
    } finally {
      this.#submit.disabled = false;
    }
  }

  /** @param {string} username @param {string} password @param {string} email */
  async #signIn(username, password, email) {
    if (this.#registering) {
      await this.#session.register({ username, password, email });
      // The account is there now, even if the login that follows should fail.
      this.#setMode(false);
    }
    const { keep } = await this.#rules;
    await this.#session.login(username, password, { keep });
    keepUsername(username);
    this.#password.value = this.#email.value = "";
    this.#page.hidden = true;
    this.#done(keep === "cookie");
  }

  /** @param {SkaldError} error */
  #tell(error) {
    const fields = { username: this.#username, password: this.#password, email: this.#email };
    const general = [];
    for (const [name, texts] of Object.entries(error.errors ?? {})) {
      const input = fields[/** @type {keyof typeof fields} */ (name)];
      if (input) this.#fault(input, texts.map(fieldSentence).join(" "));
      else general.push(...texts);
    }
    // A fault that stands at its field is not told a second time.
    const marked = this.#form.querySelector("[aria-invalid=true]");
    if (general.length === 0 && !marked) general.push(error.code === "rate_limited" ? waitSentence(error.retryAfterMs) : sentenceOf(error));
    tell(this.#error, general.join(" "));
    (marked instanceof HTMLElement ? marked : this.#password).focus();
  }

  /** @param {HTMLInputElement} input @param {string} [text] */
  #fault(input, text) {
    tell(element(`#${input.id}-fault`, HTMLElement), text);
    input.closest(".field")?.classList.toggle("faulty", Boolean(text));
    input.setAttribute("aria-invalid", String(Boolean(text)));
  }

  #clear() {
    tell(this.#error);
    for (const input of [this.#username, this.#password, this.#email]) this.#fault(input);
  }
}

/** @param {number} [ms] */
function waitSentence(ms) {
  return ms ? `Too many tries. Wait ${Math.ceil(ms / 1000)} s and try again.` : "Too many tries. Wait a little and try again.";
}
