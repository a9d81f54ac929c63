// A chat with a client that openapi-typescript makes of the document: register, log in, send, read, be refused. No type is named or cast by hand.
import createClient from "openapi-fetch";
import type { paths } from "./skald.js";

declare const process: { argv: string[] };

function equal(real: unknown, wanted: unknown, what: string): void {
  if (real !== wanted) throw new Error(`${what}: ${String(real)} instead of ${String(wanted)}`);
}

const baseUrl = process.argv[2] ?? "";
const account = { username: "typescript", password: "12345678" };
const guest = createClient<paths>({ baseUrl });

const registered = await guest.POST("/api/register", { body: account });
equal(registered.data?.username, account.username, "the registered name");

const taken = await guest.POST("/api/register", { body: account });
equal(taken.error?.code, "validation_failed", "the code of a refusal");
equal(taken.error?.errors?.["username"]?.length, 1, "what is wrong with the name");

const login = await guest.POST("/api/login", { body: account });
const user = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${login.data?.access}` } });

const params = { path: { room: "generated" } };
const first = await user.POST("/api/rooms/{room}/messages", { params, body: { message: "Hello", client_msg_id: "typescript-1" } });
const again = await user.POST("/api/rooms/{room}/messages", { params, body: { message: "Hello", client_msg_id: "typescript-1" } });
const second = await user.POST("/api/rooms/{room}/messages", { params, body: { message: "world" } });
const [one, two]: (number | undefined)[] = [first.data?.seq, second.data?.seq];
equal(first.data?.duplicate, false, "a new message");
equal(again.data?.duplicate, true, "the same once more");
equal(again.data?.seq, one, "the seq of both");
equal(second.data?.client_msg_id, undefined, "a name that was not given");

const page = await user.GET("/api/chat/history/{room}", { params: { ...params, query: { limit: 1, after: 0 } } });
equal(page.data?.length, 1, "the page's length");
equal(page.data?.[0]?.message, "Hello", "the oldest message");
equal(page.data?.[0]?.type, "chat_message" as const, "its type");
const link = page.response.headers.get("link");
equal(/<([^>]+)>; rel="next"/.exec(link ?? "")?.[1], `?limit=1&after=${one}`, "the next page");
const rest = await user.GET("/api/chat/history/{room}", { params: { ...params, query: { after: one ?? 0 } } });
equal(rest.data?.[0]?.seq, two, "the rest");

const message = { path: { room: "generated", seq: one ?? 0 } };
const edit = await user.PATCH("/api/rooms/{room}/messages/{seq}", { params: message, body: { message: "Hello,", if_version: one ?? 0 } });
equal(edit.data?.target, one, "the message that is edited");
const late = await user.PATCH("/api/rooms/{room}/messages/{seq}", { params: message, body: { message: "Hi", if_version: one ?? 0 } });
equal(late.error?.code, "edit_conflict", "the code of an edit of a text that is no more");
const deletion = await user.DELETE("/api/rooms/{room}/messages/{seq}", { params: message });
equal(deletion.data?.seq, (edit.data?.seq ?? 0) + 1, "the place of the deletion");

const refused = await guest.GET("/api/me");
equal(refused.error?.code, "not_authenticated", "who am I, without a token");
equal(refused.response.status, refused.error?.status, "the status");
