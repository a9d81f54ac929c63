import { Session } from "../skald/index.js";
import { Account } from "./account.js";
import { Chat } from "./chat.js";
import { forgetSignedIn, isSignedInKept, keepSignedIn } from "./storage.js";
import { sentenceOf } from "./sentences.js";
import { SignIn } from "./sign-in.js";

// Skald is where this module came from, which may be below a path.
const session = new Session(new URL("../", import.meta.url), { keep: "cookie" });
const account = new Account(session);
const chat = new Chat(session, () => {
  forgetSignedIn();
  leave();
});
const signIn = new SignIn(session, (kept) => {
  if (kept) keepSignedIn();
  chat.open();
});

/** @param {string} [note] */
function leave(note) {
  account.close();
  chat.close();
  signIn.show(note);
}

session.on("signedout", ({ code, detail }) => {
  // Another user who signed in is still signed in, in the other tab.
  const replaced = code === "signed_out";
  if (!replaced) forgetSignedIn();
  leave(replaced ? detail : "Your session has ended. Sign in again; what you had not sent yet is kept.");
});

try {
  if (isSignedInKept() && (await session.resume())) chat.open();
  else {
    // Where the cookie has ended meanwhile, the next visit need not ask for it.
    forgetSignedIn();
    signIn.show();
  }
} catch (error) {
  signIn.show(sentenceOf(error));
}
