// Users at several nodes, while things are done to the database below them. For each thing: how long the one who was worst off waited for
// an ack, whether all that was acknowledged is stored where the ack says, and whether everybody was sent everything once and in order.
//
//   node load.mjs NODE,NODE,… NAME=COMMAND=SECONDS …     COMMAND prints "now" when it begins; SECONDS is what may be waited
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Session, SkaldClient } from "../../clients/javascript/src/index.js";

const { WebSocket } = createRequire(new URL("../../clients/javascript/package.json", import.meta.url))("ws");

const room = "global";
const perNode = 2;
const betweenSends = 50; // ms
const afterwards = 5_000; // ms in which everybody's messages must be acknowledged before a trouble is over

class User {
  acks = []; // { at, seq, text }
  faults = []; // what was sent out of order, twice, or not at all
  #last = 0;

  constructor(node, name) {
    Object.assign(this, { node, name });
  }

  async come() {
    this.session = new Session(this.node);
    await this.session.register({ username: this.name, password: "12345678" });
    await this.session.login(this.name, "12345678");
    // Comes back after a twentieth of the usual pauses: the database is measured, and not the patience of clients.
    this.client = new SkaldClient(this.session, { WebSocket, random: () => 0.05 });
    this.client.on("positionlost", ({ from, seq }) => this.faults.push(`${this.name}: cannot go on from ${from} of ${seq}`));
    this.client.on("roomlost", ({ error }) => this.faults.push(`${this.name}: ${error.message}`));
    this.client.connect();
    await this.client.join(room, { since: 0, onMessage: ({ seq }) => this.#take(seq) });
    this.sending = this.#send();
  }

  get last() {
    return this.#last;
  }

  async leave() {
    this.done = true;
    await this.sending;
    this.client.close();
  }

  #take(seq) {
    if (seq !== this.#last + 1) this.faults.push(`${this.name}: ${seq} after ${this.#last}`);
    this.#last = seq;
  }

  async #send() {
    for (let n = 0; !this.done; n++) {
      const text = `${this.name} ${n}`;
      try {
        const { seq } = await this.client.send(room, text);
        this.acks.push({ at: performance.now(), seq, text });
      } catch (error) {
        if (!error.retryable) this.faults.push(`${text}: ${error.message}`);
      }
      await sleep(betweenSends);
    }
  }

  /** The longest time between two acks, in ms. */
  wait(from, to) {
    const times = this.acks.map(({ at }) => at);
    const within = [times.findLast((at) => at <= from) ?? from, ...times.filter((at) => at > from && at <= to), to];
    return Math.max(...within.slice(1).map((at, index) => at - within[index]));
  }
}

/** The whole room, and which life of the log it is of. */
async function read(session) {
  const stored = new Map();
  for (let after = 0; ; ) {
    const page = await session.history(after);
    for (const { seq, message } of page.messages) stored.set(seq, message);
    if (page.after === undefined) return { stored, epoch: page.position?.epoch };
    after = page.after;
  }
}

/** Runs a command, and resolves to when it began and ended. */
function run(command) {
  return new Promise((resolve, reject) => {
    const shell = spawn("bash", ["-c", command], { stdio: ["ignore", "pipe", "inherit"] });
    let began;
    createInterface(shell.stdout).on("line", (line) => {
      if (line === "now") began = performance.now();
      else console.error(line);
    });
    shell.on("close", (code) => {
      if (code === 0 && began !== undefined) resolve(began);
      else reject(new Error(`${command} has ended with ${code}`));
    });
  });
}

const [nodes, ...troubles] = process.argv.slice(2);
const mark = Date.now().toString(36); // names that no earlier run has taken
const users = nodes.split(",").flatMap((node, place) =>
  Array.from({ length: perNode }, (_, n) => new User(node, `user-${mark}-${place}${n}`)));
const reader = { history: (after) => users[0].client.history(room, { after, limit: 1000 }) };
for (const user of users) await user.come();
await sleep(afterwards);

let failed = false;
console.log("| what | longest wait for an ack | at most | acknowledged | of it lost | order | epoch |\n|---|---|---|---|---|---|---|");
for (const trouble of troubles) {
  const [name, command, most] = trouble.split("=");
  const before = await read(reader);
  const acked = users.map((user) => user.acks.length);
  const began = await run(command);
  const deadline = performance.now() + 90_000;
  // Over when everybody has been answered for a while without a pause.
  let over;
  do {
    await sleep(200);
    over = performance.now();
  } while (over < deadline && !users.every((user) => over - began > afterwards && user.wait(over - afterwards, over) < 1_000));

  const { stored, epoch } = await read(reader);
  const acks = users.flatMap((user) => user.acks);
  const lost = acks.filter(({ seq, text, at }) => at <= over && stored.get(seq) !== text);
  const end = Math.max(...stored.keys());
  for (const waited = performance.now(); users.some((user) => user.last < end) && performance.now() < waited + 10_000; ) await sleep(50);
  const faults = users.flatMap((user) => user.faults.splice(0));
  for (const user of users) if (user.last < end) faults.push(`${user.name}: has ${user.last} of ${end}`);
  const texts = [...stored.values()];
  if (new Set(texts).size !== texts.length) faults.push("something is stored twice");
  const wait = Math.max(...users.map((user) => user.wait(began, over))) / 1000;
  const count = users.reduce((sum, user, n) => sum + user.acks.length - acked[n], 0);
  console.log(`| ${name} | ${wait.toFixed(1)} s | ${most} s | ${count} | ${lost.length} | ` +
    `${faults.length === 0 ? "kept" : `${faults.length} faults`} | ${epoch === before.epoch ? "the same" : "another"} |`);
  for (const fault of [...faults, ...lost.map(({ seq, text }) => `lost: ${seq} ${text}`)].slice(0, 10)) console.error(fault);
  failed ||= lost.length > 0 || faults.length > 0 || wait > Number(most);
}

await Promise.race([Promise.all(users.map((user) => user.leave())), sleep(afterwards)]);
process.exit(failed ? 1 : 0);
