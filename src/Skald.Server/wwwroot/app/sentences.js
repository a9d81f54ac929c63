/**
 * What a person is told where the server's own words are too technical, or where there is no server to speak.
 * @type {Record<string, string>}
 */
const sentences = {
  unreachable: "The server cannot be reached. Check your connection and try again.",
  invalid_credentials: "No account has this username and password.",
  rate_limited: "That was too fast for the server. It goes out in a moment.",
  overloaded: "The server is busy. It is tried again in a moment.",
  storage_full: "The server’s disk is full, so it takes no messages now. It is tried again.",
  storage_failed: "The server could not store this. It is tried again in a moment.",
  server_error: "Something failed at the server. It is tried again in a moment.",
  shutting_down: "The server is restarting. It is tried again in a moment.",
  forbidden: "You may not write in this room.",
  room_not_found: "A room’s name is made of letters, digits, _ and -, 100 at most.",
  too_many_rooms: "You are in as many rooms as the server allows. Leave one first.",
};

/** @param {unknown} error @returns {string} never empty: what failed is told, also where nobody foresaw it */
export function sentenceOf(error) {
  const { code = "", detail = "" } = /** @type {{code?: string, detail?: string}} */ (error);
  return sentences[code] ?? (detail || "Something failed in this page. Reload it and try again.");
}

/** What a person is told where an edit or a delete of a message has failed. @type {Record<string, string>} */
const changeSentences = {
  empty_message: "A message needs some text that can be seen. To take it back, delete it.",
  forbidden: "This message may not be changed any more.",
  message_deleted: "This message was deleted meanwhile.",
  message_not_found: "The server no longer keeps this message.",
  closed: "It was not changed: the page was closed before the server answered.",
};

/** @param {unknown} error @returns {string} */
export function changeSentenceOf(error) {
  const { code = "", now } = /** @type {{code?: string, now?: {message: string}}} */ (error);
  if (now) return `It was changed elsewhere meanwhile, to “${shortened(now.message)}”. Save again to replace that.`;
  return changeSentences[code] ?? sentenceOf(error);
}

/** @param {string} text */
export const shortened = (text) => (text.length <= 160 ? text : `${Array.from(text).slice(0, 120).join("")}…`);

/** The server tells faults of fields as Django does; people are told what to do. @type {[RegExp, string][]} */
const fieldSentences = [
  [/at least (\d+) characters/, "Use at least $1 characters."],
  [/no more than (\d+) characters/, "Use at most $1 characters."],
  [/already exists/, "This name is taken. Choose another one."],
  [/valid username/, "Use letters, digits and . _ - + @ only, 150 at most."],
  [/valid email/, "This is not an e-mail address. You may leave it empty."],
  [/may not be blank|is required/, "This is needed."],
];

/** @param {string} detail @returns {string} */
export function fieldSentence(detail) {
  for (const [form, sentence] of fieldSentences) {
    const found = form.exec(detail);
    if (found) return sentence.replace("$1", found[1] ?? "");
  }
  return detail;
}

/** Why there is no connection and none is tried. @param {number} [code] */
export function endSentence(code) {
  if (code === 4409) return "Your account has too many chats open. Close one, then connect here.";
  if (code === 4403) return "Your account may not connect any more.";
  return "The server ended the connection.";
}

/** @param {number} count @param {string} one @param {string} many */
export const counted = (count, one, many) => `${count.toLocaleString()} ${count === 1 ? one : many}`;
