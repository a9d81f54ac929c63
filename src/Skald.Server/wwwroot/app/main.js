import { Session } from "../skald/index.js";
import { Account } from "./account.js";
import { Chat } from "./chat.js";
import { SignIn } from "./sign-in.js";

// Skald is where this module came from, which may be below a path.
const session = new Session(new URL("../", import.meta.url));
const account = new Account(session);
const chat = new Chat(session, () => leave());
const signIn = new SignIn(session, () => chat.open());

/** @param {string} [note] */
function leave(note) {
  account.close();
  chat.close();
  signIn.show(note);
}

session.on("signedout", () => leave("Your session has ended. Sign in again; what you had not sent yet is kept."));
signIn.show();
