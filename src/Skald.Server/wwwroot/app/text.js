const address = /(?:https?:\/\/|\bwww\.(?=\w))[^\s<>"]+|\b[\w.+-]{1,64}@[a-z\d-]+(?:\.[a-z\d-]+)+\b/gi;
const trailing = /[.,;:!?'…)\]}*]$/;

/**
 * A text as nodes, with its web and mail addresses as links. Only text nodes and links are ever made of it.
 * @param {string} text
 * @returns {Node[]}
 */
export function withLinks(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(address)) {
    const written = withoutTrailing(match[0]);
    const url = addressOf(written);
    if (!url) continue;
    if (match.index > end) nodes.push(document.createTextNode(text.slice(end, match.index)));
    nodes.push(linkTo(url, written));
    end = match.index + written.length;
  }
  if (end < text.length) nodes.push(document.createTextNode(text.slice(end)));
  return nodes;
}

/** @param {URL} url @param {string} written */
function linkTo(url, written) {
  const link = document.createElement("a");
  link.href = url.href;
  link.rel = "noopener noreferrer nofollow";
  link.target = "_blank";
  // A host in letters that look like others is shown as it really is, in punycode.
  const isHostShown = written.toLowerCase().replace(/^https?:\/\//, "").startsWith(url.host);
  link.textContent = isHostShown || url.protocol === "mailto:" ? written : url.href;
  return link;
}

/** @param {string} written */
function addressOf(written) {
  const url = urlOf(/^https?:/i.test(written) ? written : /^www\./i.test(written) ? `https://${written}` : `mailto:${written}`);
  // A name before an @ is there to be taken for the host.
  return url?.username || url?.password ? undefined : url;
}

/** @param {string} text */
function urlOf(text) {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** The sentence's own punctuation is no part of an address; a bracket that the address opened is. @param {string} written */
function withoutTrailing(written) {
  while (trailing.test(written)) {
    if (written.endsWith(")") && count(written, "(") >= count(written, ")")) break;
    written = written.slice(0, -1);
  }
  return written;
}

/** @param {string} text @param {string} character */
const count = (text, character) => text.split(character).length - 1;

const fewEmoji =
  /^\s*(?:(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F)(?:\p{Emoji_Modifier}|\u200D\p{Extended_Pictographic}\uFE0F?)*\s*){1,6}$/u;

/** Whether a message is a handful of emoji and no word: it is then shown large. @param {string} text */
export const isEmojiOnly = (text) => text.length <= 80 && fewEmoji.test(text);

/** Empty lines around a text say nothing; blanks before its first word do, in code. @param {string} text */
export function withoutEmptyEnds(text) {
  return text.trimEnd().replace(/^(?:[^\S\n]*\n)+/, "");
}
