import { Session, SkaldClient } from "../src/index.js";
import { FakeClock, randomOf, settled } from "./fake-clock.js";
import { FakeServer } from "./fake-server.js";

/** A fake server, and ann, who is signed in there but not connected. @param {{seed?: number, storage?: any}} [options] */
export async function annAndServer({ seed = 1, storage } = {}) {
  const clock = new FakeClock();
  const server = new FakeServer(clock);
  server.passwords.set("ann", "12345678");
  const random = randomOf(seed);
  const session = new Session("http://skald.test", { fetch: server.fetch, clock, random });
  await session.login("ann", "12345678");

  let wake = () => {};
  let offline = () => {};
  const client = new SkaldClient(session, {
    WebSocket: server.WebSocket,
    storage,
    clock,
    random,
    onWake: (woken, gone) => {
      wake = woken;
      offline = gone;
      return () => (wake = () => {});
    },
  });
  /** @type {any[]} */
  const states = [];
  client.on("state", (state) => states.push(state));
  return { clock, server, session, client, states, wake: () => wake(), offline: () => offline(), random };
}

/** The same, connected, with a room joined. @param {Parameters<typeof annAndServer>[0] & {room?: string}} [options] */
export async function annInRoom({ room: name = "global", ...options } = {}) {
  const world = await annAndServer(options);
  world.client.connect();
  const room = await world.client.join(name);
  /** @type {import("./fake-server.js").Message[]} */
  const seen = [];
  room.on("message", (message) => seen.push(message));
  await settled();
  return { ...world, room, seen };
}

/** @template T @param {Promise<T>} promise @returns {Promise<any>} the error it ends with */
export function failure(promise) {
  return promise.then(
    () => {
      throw new Error("was expected to fail");
    },
    (error) => error,
  );
}
