import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FakeServer } from "./fake-server.js";
import { listen } from "./listen.js";

const run = promisify(execFile);
const here = fileURLToPath(new URL("..", import.meta.url));

const program = `
import { Messages, Session, SkaldClient, SkaldError, closeCodes, errorCodes, mayReconnect } from "@skald/client";
import type { ChangeAck, ChatMessage, ConnectionState, Entry, Room, Tokens } from "@skald/client";
import { WebSocket } from "ws";

const session: Session = new Session(process.argv[2]);
await session.register({ username: "ann", password: "12345678" });
await session.login("ann", "12345678");
const tokens: Tokens | undefined = session.tokens;
const again = new Session(process.argv[2], { tokens: tokens ?? {} });
const client = new SkaldClient(again, { WebSocket });
const states: string[] = [];
client.on("state", (state: ConnectionState) => states.push(state.state === "reconnecting" ? String(state.delay) : state.state));
const shown = new Messages();
client.on("entry", (entry: Entry) => shown.take(entry));
client.on("signedout", (error: SkaldError) => console.log(error.code));
client.connect();
const heard: ChatMessage[] = [];
const joining = client.join("global", { onMessage: (message) => { heard.push(message); shown.take(message); } });
const room: Room = await joining;
const { seq }: { seq: number } = await client.send("global", "typed");
const edited: ChangeAck = await room.edit(seq, "typed well", { ifVersion: seq });
const { message: text = "", version }: Partial<ChatMessage> = shown.get(seq) ?? {};
const { target }: ChangeAck = await room.delete(seq);
const name: string | undefined = client.username;
const before: number | undefined = (await room.history({ limit: 1 })).before;
joining.leave();
// @ts-expect-error there is no such event
client.on("nothing", () => {});
client.close();
console.log(JSON.stringify({
  seq, name, before, heard: heard.map(({ message }) => message), text, version, changed: [edited.seq, target, shown.all.length],
  states, codes: [closeCodes.drain, errorCodes.malformed.status, mayReconnect(4001)]
}));
try {
  new SkaldClient(again, { WebSocket: null });
} catch (error) {
  console.log(error instanceof SkaldError && error.code);
}
await again.logout();
`;

test("the packed package installs into a fresh strict TypeScript project, compiles there and runs", { timeout: 120_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "skald-package-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  // Packed from a copy, because packing writes the types beside the source.
  const copy = join(folder, "client");
  await mkdir(copy);
  for (const name of ["src", "README.md", "CHANGELOG.md", "LICENSE", "package.json", "tsconfig.json", "tsconfig.types.json"]) {
    await cp(join(here, name), join(copy, name), { recursive: true });
  }
  await symlink(join(here, "node_modules"), join(copy, "node_modules"));
  const { stdout: packed } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: copy });
  const [{ filename, files }] = JSON.parse(packed.slice(packed.indexOf("[\n")));
  const paths = files.map((/** @type {{path: string}} */ { path }) => path);
  for (const path of ["package.json", "LICENSE", "README.md", "CHANGELOG.md", "src/index.js", "types/index.d.ts"])
    assert.ok(paths.includes(path), `${path} of ${paths}`);
  assert.deepEqual(paths.filter((/** @type {string} */ path) => path.startsWith("test")), []);

  const project = join(folder, "project");
  await mkdir(project);
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "fresh", private: true, type: "module" }));
  await writeFile(join(project, "main.ts"), program);
  await writeFile(join(project, "tsconfig.json"), JSON.stringify({
    compilerOptions: {
      strict: true, skipLibCheck: false, target: "ES2022", module: "NodeNext", moduleResolution: "NodeNext",
      types: ["node"], noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true,
    },
    include: ["main.ts"],
  }));
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", join(folder, filename)], { cwd: project });
  for (const name of ["@types/node", "@types/ws", "undici-types", "ws"]) {
    await cp(join(here, "node_modules", name), join(project, "node_modules", name), { recursive: true });
  }
  const compiled = await run(process.execPath, [join(here, "node_modules/typescript/bin/tsc"), "-p", "."], { cwd: project })
    .catch((error) => error);
  assert.equal(compiled.stdout, "");

  const served = await listen(new FakeServer());
  t.after(served.close);
  const { stdout } = await run(process.execPath, ["main.js", served.url], { cwd: project });
  const [result, refused] = stdout.trim().split("\n");
  assert.deepEqual(JSON.parse(result), {
    seq: 1, name: "ann", heard: ["typed"], text: "typed well", version: 2, changed: [2, 1, 0],
    states: ["connecting", "ready", "closed"], codes: [4001, 400, true],
  });
  assert.equal(refused, "unsupported");
});
