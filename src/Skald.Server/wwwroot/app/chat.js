import { SkaldClient } from "/skald/index.js";
import { Composer } from "./composer.js";
import { ConnectionBanner } from "./connection-banner.js";
import { Drawer } from "./drawer.js";
import { element, tell } from "./elements.js";
import { keepRooms, keptRooms, unsentStorage } from "./keep.js";
import { Rooms } from "./rooms.js";
import { counted, sentenceOf } from "./sentences.js";
import { Timeline } from "./timeline.js";

/**
 * @typedef {import("/skald/index.js").Session} Session
 * @typedef {import("/skald/index.js").SkaldError} SkaldError
 */

const home = "global";

/** The page while one is signed in: brings what the client tells to the parts of the page, and what they ask to the client. */
export class Chat {
  #hall = element("#hall", HTMLElement);
  #stage = element("#stage", HTMLElement);
  #roomName = element("#room-name", HTMLElement);
  #leave = element("#leave-room", HTMLButtonElement);
  #jump = element("#jump", HTMLButtonElement);
  #unsentSheet = element("#unsent-sheet", HTMLDialogElement);
  #drawer = new Drawer();
  #banner = new ConnectionBanner();
  #rooms = new Rooms({ choose: (name) => this.#choose(name), add: (name) => this.#add(name) });
  #composer = new Composer((text) => this.#write(text));
  /** @type {Map<string, Timeline>} */ #timelines = new Map();
  /** @type {Timeline | undefined} */ #current;
  #session;
  #client;
  #left;

  /** @param {Session} session @param {() => void} left called when the user signs out */
  constructor(session, left) {
    this.#session = session;
    this.#left = left;
    this.#client = new SkaldClient(session, { storage: unsentStorage });
    this.#listen();

    this.#leave.addEventListener("click", () => this.#current && this.#remove(this.#current.name));
    this.#jump.addEventListener("click", () => {
      this.#current?.toLatest();
      this.#current?.scroller.focus({ preventScroll: true });
    });
    element("#skip", HTMLButtonElement).addEventListener("click", () => this.#composer.focus());
    element("#sign-out", HTMLButtonElement).addEventListener("click", () => this.#askToSignOut());
    this.#unsentSheet.addEventListener("close", () => {
      if (this.#unsentSheet.returnValue === "leave") this.#signOut();
    });
    document.addEventListener("visibilitychange", () => this.#current?.look());
  }

  /** Someone has signed in. */
  open() {
    this.#hall.hidden = false;
    element("#self-name", HTMLElement).textContent = this.#session.username ?? "";
    for (const name of new Set([home, ...keptRooms()])) this.#enter(name);
    this.#client.connect();
    this.#choose(home);
    if (matchMedia("(pointer: fine)").matches) this.#composer.focus();
  }

  /** Nobody is signed in any more. */
  close() {
    this.#client.close();
    this.#hall.hidden = true;
    this.#current?.hide();
    this.#current = undefined;
    this.#timelines.clear();
    this.#rooms.clear();
    this.#composer.forget();
    this.#drawer.close();
  }

  #listen() {
    const { outbox } = this.#client;
    this.#banner.follow(this.#client);
    this.#client.on("state", ({ state }) => {
      if (state === "ready") {
        this.#composer.limit = this.#client.limits.message_code_points;
        element("#self-name", HTMLElement).textContent = this.#client.username ?? "";
        this.#current?.tryAgain();
      }
    });
    this.#client.on("positionlost", ({ room }) => {
      const joined = this.#client.rooms.find(({ name }) => name === room);
      if (joined) this.#timelines.get(room)?.beginAnew(joined);
    });
    this.#client.on("roomlost", ({ room, error }) => {
      this.#remove(room);
      this.#banner.say(`${room}: ${sentenceOf(error)}`);
    });
    outbox.on("queued", (message) => this.#timelineOf(message.room).addUnsent(message, this.#ownName));
    outbox.on("acked", ({ message, ack }) => {
      const room = this.#client.rooms.find(({ name }) => name === message.room);
      // Its copy in the log takes its place; unless that has come already.
      if (Number(room?.cursor) >= ack.seq) this.#timelines.get(message.room)?.takeUnsent(message.client_msg_id);
    });
    outbox.on("refused", ({ message, error }) => this.#timelines.get(message.room)?.refuse(message, error));
    outbox.on("delayed", ({ error }) => this.#banner.say(sentenceOf(error)));
  }

  get #ownName() {
    return this.#client.username ?? this.#session.username ?? "";
  }

  /** @param {string} name */
  #timelineOf(name) {
    return this.#timelines.get(name) ?? this.#enter(name);
  }

  /** @param {string} name */
  #enter(name) {
    const timeline = new Timeline(name, {
      isOwn: (username) => username.toLowerCase() === this.#ownName.toLowerCase(),
      onChange: () => this.#onChange(timeline),
      retry: (text) => this.#send(name, text),
    });
    this.#timelines.set(name, timeline);
    this.#rooms.add(name);
    this.#client.join(name, { onMessage: (message) => timeline.append(message) }).then(
      (room) => timeline.begin(room),
      // `roomlost` has told why, or the page was closed.
      () => {},
    );
    return timeline;
  }

  /** @param {string} name */
  #add(name) {
    if (!/^[\w-]{1,100}$/.test(name)) {
      this.#rooms.showFault("A room’s name is made of letters, digits, _ and -.");
      return;
    }
    this.#timelineOf(name);
    this.#keepRooms();
    this.#rooms.clearField();
    this.#choose(name);
    this.#composer.focus();
  }

  /** @param {string} name */
  #remove(name) {
    const timeline = this.#timelines.get(name);
    if (!timeline) return;
    this.#client.leave(name);
    this.#timelines.delete(name);
    this.#rooms.remove(name);
    this.#keepRooms();
    if (this.#current === timeline) this.#choose(home);
  }

  #keepRooms() {
    keepRooms([...this.#timelines.keys()].filter((name) => name !== home));
  }

  /** @param {string} name */
  #choose(name) {
    const timeline = this.#timelines.get(name);
    if (timeline && timeline !== this.#current) {
      this.#current?.hide();
      this.#current = timeline;
      this.#roomName.textContent = this.#roomName.title = name;
      this.#leave.hidden = name === home;
      this.#rooms.mark(name);
      this.#composer.setRoom(name);
      timeline.show(this.#stage);
      this.#onChange(timeline);
    }
    this.#drawer.close();
  }

  /** @param {string} text */
  #write(text) {
    if (this.#current && this.#send(this.#current.name, text)) this.#composer.clear();
  }

  /** @param {string} room @param {string} text @returns {boolean} whether it is on its way */
  #send(room, text) {
    let queued = false;
    const stop = this.#client.outbox.on("queued", () => (queued = true));
    const sent = this.#client.send(room, text);
    stop();
    // Once queued, a refusal shows at the message itself; before, it is told where one writes.
    sent.catch((/** @type {SkaldError} */ error) => queued || this.#composer.showFault(error.detail));
    return queued;
  }

  /** @param {Timeline} timeline */
  #onChange(timeline) {
    this.#rooms.setUnread(timeline.name, timeline.unread);
    if (timeline !== this.#current) return;
    this.#jump.hidden = timeline.atEnd;
    const label = timeline.unread === 0 ? "Jump to latest" : counted(timeline.unread, "new message", "new messages");
    tell(element("#jump-text", HTMLElement), label);
  }

  #askToSignOut() {
    const waiting = this.#client.outbox.messages.length;
    if (waiting === 0) return this.#signOut();
    element("#unsent-text", HTMLElement).textContent =
      `${counted(waiting, "message is", "messages are")} still waiting for a connection. Signing out discards ${waiting === 1 ? "it" : "them"}.`;
    this.#unsentSheet.returnValue = "";
    this.#unsentSheet.showModal();
  }

  #signOut() {
    for (const { client_msg_id } of this.#client.outbox.messages) this.#client.outbox.discard(client_msg_id);
    // Offline the server learns of it by the session's end alone, a day later; here it is over at once.
    this.#session.logout().catch(() => {});
    this.#left();
  }
}
