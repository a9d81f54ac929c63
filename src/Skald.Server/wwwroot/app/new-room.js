import { element, tell } from "./elements.js";
import { roomSentenceOf } from "./room-sheet.js";

/** The sheet in which one makes a private room: what it is called, and who is in it. */
export class NewRoom {
  #sheet = element("#new-room-sheet", HTMLDialogElement);
  #form = element("#new-room-form", HTMLFormElement);
  #title = element("#new-room-title", HTMLInputElement);
  #people = element("#new-room-people", HTMLInputElement);
  #fault = element("#new-room-fault", HTMLElement);
  #directory;
  #made;
  /** Of the call, so that a second press makes no second room. */ #id = "";

  /**
   * @param {import("../skald/index.js").RoomDirectory} directory
   * @param {(room: import("../skald/index.js").RoomState) => void} made
   */
  constructor(directory, made) {
    this.#directory = directory;
    this.#made = made;
    element("#new-room", HTMLButtonElement).addEventListener("click", () => this.#open());
    element("#new-room-cancel", HTMLButtonElement).addEventListener("click", () => this.close());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#make();
    });
  }

  close() {
    this.#sheet.close();
  }

  #open() {
    this.#form.reset();
    tell(this.#fault);
    this.#id = crypto.getRandomValues(new Uint32Array(4)).join("-");
    this.#sheet.showModal();
  }

  async #make() {
    const title = this.#title.value.trim();
    if (title === "") return tell(this.#fault, "Write what it is called.");
    const members = this.#people.value.split(/[\s,;]+/).filter((name) => name !== "");
    try {
      this.#made(await this.#directory.create({ title, members, client_msg_id: this.#id }));
      this.close();
    } catch (error) {
      tell(this.#fault, roomSentenceOf(error));
    }
  }
}
