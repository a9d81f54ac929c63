import { SkaldClient } from "../skald/index.js";
import { Composer } from "./composer.js";
import { ConnectionBanner } from "./connection-banner.js";
import { refreshTimes } from "./dates.js";
import { Drawer } from "./drawer.js";
import { element, tell } from "./elements.js";
import { keepRooms, keptRooms, unsentStorage } from "./storage.js";
import { Notice } from "./notice.js";
import { addressOf, here, moveTo, visit } from "./place.js";
import { NewRoom } from "./new-room.js";
import { RoomMenu } from "./room-menu.js";
import { RoomSheet } from "./room-sheet.js";
import { Rooms } from "./rooms.js";
import { changeSentenceOf, counted, sentenceOf, shortened } from "./sentences.js";
import { Timeline } from "./timeline.js";

/**
 * @typedef {import("../skald/index.js").Session} Session
 * @typedef {import("../skald/index.js").RoomState} RoomState
 * @typedef {import("./place.js").Place} Place
 */

const home = "global";
const roomName = /^([\w-]{1,100}|p\.[a-z0-9]{16})$/;
/** Why a room is not in the list any more. @type {Record<string, string>} */
const closedSentences = {
  forbidden: "You are not in this room any more.",
  room_not_found: "There is no such room, or it is closed to you.",
};
const timesRefreshedEvery = 30_000;

/** The page while one is signed in: brings what the client tells to the parts of the page, and what they ask to the client. */
export class Chat {
  #page = element("#chat-page", HTMLElement);
  #stage = element("#stage", HTMLElement);
  #roomName = element("#room-name", HTMLElement);
  #jump = element("#jump", HTMLButtonElement);
  #unsentSheet = element("#unsent-sheet", HTMLDialogElement);
  #drawer = new Drawer();
  #notice = new Notice();
  #rooms = new Rooms({ chosen: () => this.#drawer.close(), add: (name) => this.#add(name) });
  #menu = new RoomMenu({
    show: () => this.#current && this.#roomSheet.open(this.#roomOf(this.#current.name)),
    copyLink: () => this.#current && this.#copyLink(addressOf(this.#current.name), "The link to this room is copied."),
    leave: () => this.#current && this.#leave(this.#current.name),
  });
  #composer = new Composer((text) => this.#write(text), () => this.#current?.editLast() ?? false);
  #deleteSheet = element("#delete-sheet", HTMLDialogElement);
  /** What is done where the answer to the sheet is yes. */ #delete = () => {};
  /** @type {Map<string, Timeline>} */ #timelines = new Map();
  /** @type {Timeline | undefined} */ #current;
  /** @type {number | undefined} */ #refreshing;
  /** What is known of rooms besides their names. @type {Map<string, RoomState>} */ #states = new Map();
  #session;
  #client;
  #left;
  #roomSheet;
  #newRoom;

  /** @param {Session} session @param {() => void} left called when the user signs out */
  constructor(session, left) {
    this.#session = session;
    this.#left = left;
    this.#client = new SkaldClient(session, { storage: unsentStorage });
    this.#roomSheet = new RoomSheet(this.#client.directory, (username) => this.#isOwn(username));
    this.#newRoom = new NewRoom(this.#client.directory, (room) => {
      this.#know(room);
      this.#visit(room.room);
    });
    new ConnectionBanner(this.#client, () => this.#serverAnswers(), this.#notice);
    this.#listen();

    this.#jump.addEventListener("click", () => {
      this.#current?.toLatest();
      this.#current?.scroller.focus({ preventScroll: true });
    });
    this.#stage.addEventListener("click", (event) => this.#onStageClick(event));
    element("#skip", HTMLButtonElement).addEventListener("click", () => this.#composer.focus());
    element("#sign-out", HTMLButtonElement).addEventListener("click", () => this.#askToSignOut());
    this.#unsentSheet.addEventListener("close", () => {
      if (this.#unsentSheet.returnValue === "leave") this.#signOut();
    });
    this.#deleteSheet.addEventListener("close", () => {
      if (this.#deleteSheet.returnValue === "delete") this.#delete();
    });
    document.addEventListener("visibilitychange", () => this.#current?.look());
    addEventListener("hashchange", () => this.#page.hidden || this.#go(here() ?? { room: home }));
  }

  /** Someone has signed in. */
  open() {
    this.#page.hidden = false;
    element("#self-name", HTMLElement).textContent = this.#session.username ?? "";
    for (const name of new Set([home, ...keptRooms()])) this.#enter(name);
    this.#client.connect();
    this.#refreshing = setInterval(() => refreshTimes(document), timesRefreshedEvery);
    const place = here() ?? { room: home };
    this.#go(place);
    if (place.seq === undefined && matchMedia("(pointer: fine)").matches) this.#composer.focus();
    this.#readLastWords();
  }

  /** Nobody is signed in any more. */
  close() {
    clearInterval(this.#refreshing);
    this.#client.close();
    this.#page.hidden = true;
    this.#notice.hide();
    this.#current?.hide();
    this.#current = undefined;
    this.#timelines.clear();
    this.#rooms.clear();
    this.#composer.forget();
    this.#drawer.close();
    this.#deleteSheet.close();
    this.#roomSheet.close();
    this.#newRoom.close();
    this.#states.clear();
  }

  #listen() {
    const { outbox } = this.#client;
    this.#client.on("state", ({ state }) => {
      if (state === "ready") {
        this.#composer.limit = this.#client.limits.message_code_points;
        element("#self-name", HTMLElement).textContent = this.#client.username ?? "";
        this.#current?.tryAgain();
        this.#readOwnRooms();
      }
    });
    this.#client.on("message", (message) => this.#rooms.setLastWord(message.room, wordOf(message)));
    this.#client.on("entry", (entry) => {
      if (entry.kind === "room" || entry.kind === "member") this.#onRoomChanged(entry);
      this.#timelines.get(entry.room)?.pass(entry);
      const { room, now } = entry;
      if (!now || !this.#rooms.takeBack(room, now.seq)) return;
      if (now.deleted) this.#readLastWord(room);
      else this.#rooms.setLastWord(room, wordOf(now));
    });
    this.#client.on("positionlost", ({ room }) => {
      this.#timelines.get(room)?.beginAnew(this.#roomOf(room));
    });
    this.#client.on("roomlost", ({ room, error }) => {
      const title = this.#states.get(room)?.title || room;
      if (this.#states.delete(room)) this.#roomSheet.close();
      this.#remove(room);
      this.#notice.say(`${title}: ${closedSentences[error.code] ?? sentenceOf(error)}`);
    });
    outbox.on("queued", (message) => this.#timelineOf(message.room).addUnsent(message, this.#ownName));
    outbox.on("acked", ({ message, ack }) => {
      const room = this.#client.rooms.find(({ name }) => name === message.room);
      // Its copy in the log takes its place; unless that has come already.
      if (Number(room?.cursor) >= ack.seq) this.#timelines.get(message.room)?.takeUnsent(message.client_msg_id);
    });
    outbox.on("refused", ({ message, error }) => this.#timelines.get(message.room)?.refuse(message, error));
    outbox.on("delayed", ({ error }) => this.#notice.say(sentenceOf(error)));
  }

  get #ownName() {
    return this.#client.username ?? this.#session.username ?? "";
  }

  async #serverAnswers() {
    try {
      await this.#session.call("GET", "api/me/");
      return true;
    } catch {
      return false;
    }
  }

  /** @param {string} username */
  #isOwn(username) {
    return username.toLowerCase() === this.#ownName.toLowerCase();
  }

  // The rooms that one was added to, by whoever, since the page was here last.
  async #readOwnRooms() {
    try {
      /** @type {string | undefined} */ let next;
      do {
        const page = await this.#client.directory.mine({ next });
        for (const room of page.rooms) {
          this.#states.set(room.room, room);
          if (!this.#timelines.has(room.room)) this.#enter(room.room);
          this.#know(room);
        }
        next = page.next;
      } while (next !== undefined);
    } catch {
      // They are asked for again with the next connection.
    }
  }

  /** @param {RoomState} room */
  #know(room) {
    this.#states.set(room.room, room);
    this.#rooms.setTitle(room.room, room.title, room.visibility === "private");
    if (this.#current?.name === room.room) this.#showTitle(room.room);
  }

  /** @param {string} name */
  #showTitle(name) {
    const { title = "", topic = "", visibility } = this.#states.get(name) ?? {};
    this.#roomName.textContent = this.#composer.title = title || name;
    this.#roomName.title = topic || title || name;
    this.#roomName.classList.toggle("private", visibility === "private");
  }

  /** @param {import("../skald/index.js").Entry} entry */
  async #onRoomChanged({ room, users, ended }) {
    // It is closed to us: `roomlost` tells.
    if (ended && Array.isArray(users) && users.some((username) => this.#isOwn(username))) return;
    try {
      this.#know(await this.#client.directory.read(room));
    } catch {
      // What was known of it stays until the next change.
    }
    await this.#roomSheet.refresh(room);
  }

  /** @param {string} name */
  #timelineOf(name) {
    return this.#timelines.get(name) ?? this.#enter(name);
  }

  /** @param {string} name */
  #enter(name) {
    const timeline = new Timeline(name, {
      read: (query) => this.#client.history(name, query),
      isOwn: (username) => this.#isOwn(username),
      onChange: () => this.#onChange(timeline),
      retry: (text) => this.#send(name, text),
      edit: (seq, text, ifVersion) => this.#roomOf(name).edit(seq, text, { ifVersion }),
      askToDelete: (message) => this.#askToDelete(name, message),
      say: (text) => this.#notice.say(text),
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

  // One after the other: it is a nicety, and the room in front should not wait for it.
  async #readLastWords() {
    for (const name of this.#timelines.keys()) await this.#readLastWord(name);
  }

  /** @param {string} name */
  async #readLastWord(name) {
    try {
      const [last] = (await this.#client.history(name, { limit: 1 })).messages.slice(-1);
      if (last) this.#rooms.setLastWord(name, wordOf(last));
    } catch {
      // The list then shows the name alone.
    }
  }

  /** @param {string} name */
  #add(name) {
    if (!roomName.test(name)) {
      this.#rooms.showFault("A room’s name has letters, digits, _ and - only, 100 at most.");
      return;
    }
    this.#rooms.clearField();
    this.#visit(name);
    this.#composer.focus();
  }

  /** @param {string} name */
  #leave(name) {
    this.#remove(name);
    this.#roomName.focus();
    this.#notice.say(`You left ${name}.`, { label: "Undo", act: () => this.#visit(name) });
  }

  /** @param {string} name */
  #remove(name) {
    const timeline = this.#timelines.get(name);
    if (!timeline) return;
    this.#client.leave(name);
    this.#timelines.delete(name);
    this.#rooms.remove(name);
    this.#keepRooms();
    if (this.#current === timeline) {
      moveTo(home);
      this.#go({ room: home });
    }
  }

  #keepRooms() {
    // Those that one is a member of the server knows.
    keepRooms([...this.#timelines.keys()].filter((name) => name !== home && this.#states.get(name)?.visibility !== "private"));
  }

  /** @param {string} room */
  #visit(room) {
    visit(addressOf(room));
    this.#go({ room });
  }

  // A message's time is the link to it. With a key held down the browser opens it elsewhere, as it does any link.
  /** @param {MouseEvent} event */
  #onStageClick(event) {
    const link = event.target instanceof Element ? event.target.closest(".when[href]") : null;
    if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    visit(link.hash);
    this.#go(here() ?? { room: home });
    this.#copyLink(link.hash, "The link to this message is copied.");
  }

  /** Brings a room to the front, and joins it where the page has not. @param {Place} place */
  #go({ room, seq }) {
    if (!this.#timelines.has(room)) {
      if (!roomName.test(room)) {
        this.#notice.say("That link leads to no room.");
        moveTo(home);
        this.#go({ room: home });
        return;
      }
      this.#enter(room);
      this.#keepRooms();
      this.#readLastWord(room);
    }
    this.#show(this.#timelineOf(room));
    this.#current?.point(seq);
    this.#drawer.close();
  }

  /** @param {Timeline} timeline */
  #show(timeline) {
    if (timeline === this.#current) return;
    const { name } = timeline;
    this.#current?.hide();
    this.#current = timeline;
    this.#showTitle(name);
    this.#menu.canLeave = name !== home;
    this.#rooms.mark(name);
    this.#composer.setRoom(name);
    timeline.show(this.#stage);
    this.#onChange(timeline);
  }

  /** @param {string} address @param {string} done */
  async #copyLink(address, done) {
    try {
      await navigator.clipboard.writeText(new URL(address, location.href).href);
      this.#notice.say(done);
    } catch {
      // Over plain http there is no clipboard, and elsewhere it may be forbidden.
      visit(address);
      this.#notice.say("The link stands in the browser’s address bar.");
    }
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
    sent.catch((/** @type {unknown} */ error) => queued || this.#composer.showFault(sentenceOf(error)));
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

  /** @param {string} room @param {import("../skald/index.js").ChatMessage} message */
  #askToDelete(room, { seq, message }) {
    this.#delete = () => {
      this.#roomOf(room).delete(seq).catch((error) => this.#notice.say(changeSentenceOf(error)));
    };
    element("#delete-text", HTMLElement).textContent = shortened(message);
    this.#deleteSheet.returnValue = "";
    this.#deleteSheet.showModal();
  }

  /** A room that the page shows, and so has joined. @param {string} room */
  #roomOf(room) {
    return /** @type {import("../skald/index.js").Room} */ (this.#client.rooms.find(({ name }) => name === room));
  }

  #askToSignOut() {
    const waiting = this.#client.outbox.messages.length;
    if (waiting === 0) return this.#signOut();
    element("#unsent-text", HTMLElement).textContent =
      `${counted(waiting, "message is", "messages are")} still waiting for a connection. ` +
      `Signing out discards ${waiting === 1 ? "it" : "them"}.`;
    this.#unsentSheet.returnValue = "";
    this.#unsentSheet.showModal();
  }

  #signOut() {
    for (const { client_msg_id } of this.#client.outbox.messages) this.#client.outbox.discard(client_msg_id);
    // Offline the server learns of it by the session's end alone, a day later; here it is over at once.
    this.#session.logout().catch(() => {});
    moveTo();
    this.#left();
  }
}

/** @param {import("../skald/index.js").ChatMessage} message */
function wordOf({ seq, username, message, timestamp }) {
  return { seq, username, text: message, date: new Date(timestamp) };
}
