import { copyOf, element, tell } from "./elements.js";
import { sentenceOf } from "./sentences.js";

/**
 * @typedef {import("../skald/index.js").RoomState} RoomState
 * @typedef {import("../skald/index.js").Room} Room
 * @typedef {import("../skald/index.js").Role} Role
 * @typedef {import("../skald/index.js").Member} Member
 */

/** @type {Role[]} */
const ladder = ["guest", "member", "moderator", "owner"];

/** What a room is and who is in it: to be read by everybody there, to be changed by who may. */
export class RoomSheet {
  #sheet = element("#room-sheet", HTMLDialogElement);
  #title = element("#room-sheet-title", HTMLElement);
  #note = element("#room-sheet-note", HTMLElement);
  #form = element("#room-form", HTMLFormElement);
  #name = element("#room-title", HTMLInputElement);
  #topic = element("#room-topic", HTMLInputElement);
  #fault = element("#room-fault", HTMLElement);
  #done = element("#room-done", HTMLElement);
  #addForm = element("#add-member-form", HTMLFormElement);
  #added = element("#add-member-name", HTMLInputElement);
  #members = element("#member-list", HTMLUListElement);
  #membersFault = element("#members-fault", HTMLElement);
  #more = element("#more-members", HTMLButtonElement);
  #quit = element("#quit-room", HTMLButtonElement);
  /** @type {RoomState | undefined} */ #state;
  /** @type {Room | undefined} */ #room;
  #directory;
  #isOwn;

  /** @param {import("../skald/index.js").RoomDirectory} directory @param {(username: string) => boolean} isOwn */
  constructor(directory, isOwn) {
    this.#directory = directory;
    this.#isOwn = isOwn;
    element("#room-sheet-close", HTMLButtonElement).addEventListener("click", () => this.close());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    this.#addForm.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#add();
    });
    this.#more.addEventListener("click", () => this.#read());
    this.#quit.addEventListener("click", () => this.#attempt(this.#membersFault, async () => {
      await this.#room?.quit();
      this.close();
    }));
  }

  /** @param {Room} room */
  async open(room) {
    this.#room = room;
    tell(this.#fault);
    tell(this.#done);
    tell(this.#membersFault);
    this.#added.value = "";
    this.#title.textContent = room.name;
    this.#members.replaceChildren();
    this.#sheet.showModal();
    await this.refresh(room.name);
  }

  close() {
    this.#sheet.close();
    this.#room = this.#state = undefined;
  }

  /** The room is another by now. @param {string} room */
  async refresh(room) {
    if (this.#room?.name !== room || !this.#sheet.open) return;
    await this.#attempt(this.#membersFault, async () => {
      const state = await this.#directory.read(room);
      if (this.#room?.name !== room) return;
      this.#state = state;
      this.#title.textContent = state.title || state.room;
      tell(this.#note, noteOf(state));
      // What one is writing is not taken away.
      if (!this.#form.contains(document.activeElement)) {
        this.#name.value = state.title;
        this.#topic.value = state.topic;
      }
      const edits = this.#may("edit_room");
      this.#name.readOnly = this.#topic.readOnly = !edits;
      element("button", HTMLButtonElement, this.#form).hidden = !edits;
      this.#addForm.hidden = !this.#may("members");
      this.#quit.hidden = state.visibility === "public" || state.role === undefined;
      this.#members.replaceChildren();
      await this.#read();
    });
  }

  /** @param {string} action */
  #may(action) {
    const { role = "guest", roles = {} } = this.#state ?? {};
    return ladder.indexOf(role) >= ladder.indexOf(roles[action] ?? "owner");
  }

  /** The next page of members. */
  async #read() {
    const { room = "" } = this.#state ?? {};
    await this.#attempt(this.#membersFault, async () => {
      const { members, next } = await this.#directory.members(room, { next: this.#members.dataset.next || undefined });
      if (this.#state?.room !== room) return;
      const shown = new Set([...this.#members.children].map((item) => item instanceof HTMLElement ? item.dataset.username : ""));
      this.#members.append(...members.filter(({ username }) => !shown.has(username)).map((member) => this.#itemOf(member)));
      this.#members.dataset.next = next ?? "";
      this.#more.hidden = next === undefined;
    });
  }

  /** @param {Member} member */
  #itemOf({ username, role }) {
    const item = copyOf("member-template");
    item.dataset.username = username;
    const isSelf = this.#isOwn(username);
    element(".member-name", HTMLElement, item).textContent = isSelf ? `${username} (you)` : username;
    const select = element("select", HTMLSelectElement, item);
    const remove = element("button", HTMLButtonElement, item);
    const { role: own = "guest" } = this.#state ?? {};
    const above = own === "owner" || ladder.indexOf(own) > ladder.indexOf(role);
    const changes = this.#may("members") && above && !isSelf;
    const given = own === "owner" ? ladder : ladder.slice(0, ladder.indexOf(own));
    for (const one of ladder.filter((one) => one === role || given.includes(one))) select.append(new Option(one, one, false, one === role));
    select.setAttribute("aria-label", `What ${username} is here`);
    select.hidden = remove.hidden = !changes;
    const label = element(".member-role", HTMLElement, item);
    label.textContent = role;
    label.hidden = changes;
    remove.setAttribute("aria-label", `Remove ${username} from this room`);
    select.addEventListener("change", () => this.#change((room) => room.setRole([username], /** @type {Role} */ (select.value))));
    remove.addEventListener("click", () => this.#change((room) => room.remove([username])));
    return item;
  }

  async #save() {
    tell(this.#done);
    await this.#attempt(this.#fault, async () => {
      tell(this.#fault);
      const [title, topic] = [this.#name.value.trim(), this.#topic.value.trim()];
      await this.#room?.change({ title, topic }, { ifVersion: this.#state?.version });
      tell(this.#done, "Saved.");
    });
  }

  async #add() {
    const names = this.#added.value.split(/[\s,;]+/).filter((name) => name !== "");
    if (names.length === 0) return tell(this.#membersFault, "Write whom to add: a username, or several.");
    await this.#change((room) => room.add(names), () => (this.#added.value = ""));
  }

  /** @param {(room: Room) => Promise<unknown>} change @param {() => void} [done] */
  async #change(change, done = () => {}) {
    const room = this.#room;
    if (!room) return;
    await this.#attempt(this.#membersFault, async () => {
      tell(this.#membersFault);
      await change(room);
      done();
    });
    // Also where it was refused: what stands there is then what is so.
    await this.refresh(room.name);
  }

  /** @param {HTMLElement} place where to tell of a failure @param {() => Promise<void>} action */
  async #attempt(place, action) {
    try {
      await action();
    } catch (error) {
      tell(place, roomSentenceOf(error));
      if (codeOf(error) === "edit_conflict" && this.#room) await this.refresh(this.#room.name);
    }
  }
}

/** @param {RoomState} state */
function noteOf({ room, visibility, members = 0 }) {
  return visibility === "private" ? `Private: only its ${members === 1 ? "one member" : `${members} members`} can see it.`
    : `Public: everybody who is signed in can read and write in #${room}.`;
}

/** @param {unknown} error */
const codeOf = (error) => /** @type {{code?: string}} */ (error).code;

/** The server's own sentence says most here. @param {unknown} error */
export function roomSentenceOf(error) {
  const { code = "", detail = "" } = /** @type {{code?: string, detail?: string}} */ (error);
  if (code === "edit_conflict") return "It was changed elsewhere meanwhile: look, and save again.";
  return ["user_not_found", "last_owner", "forbidden", "too_many_members", "bad_request", "too_long"].includes(code)
    ? detail : sentenceOf(error);
}
