import { withLinks } from "./text.js";

/**
 * A small part of Markdown, as people write it without thinking of it: **bold**, *italic*, `code`, blocks of code between ```, lists and
 * quotes. Nodes are made one by one, and of these elements alone; what is none of it stays the text that it is. Each expression looks no
 * further than to the next sign of its kind, so that no text takes long.
 */

const fence = /^```[\w+#-]*\s*$/;
const quoted = /^>\s?/;
const bullet = /^[-*•]\s+(?=\S)/;
const numbered = /^(\d{1,9})[.)]\s+(?=\S)/;

// Before the first sign stands the beginning, a blank or a bracket: so the signs in addresses, names and sums are none.
const before = "(?<=^|[\\s([{\"'“‘«*_])";
const code = /`([^`\n]+)`/g;
const emphasis = new RegExp(
  `${before}(?:\\*\\*(?=[^\\s*])([^*\\n]*[^\\s*])\\*\\*|\\*(?=[^\\s*])([^*\\n]*[^\\s*])\\*|_(?=[^\\s_])([^_\\n]*[^\\s_])_)(?![\\w*])`, "g");

/** A message's text as nodes. @param {string} text @returns {Node[]} */
export function markdown(text) {
  /** @type {Node[]} */
  const nodes = [];
  const lines = text.split("\n");
  /** @type {string[]} */
  let plain = [];
  const endPlain = () => {
    if (plain.length > 0) nodes.push(...inline(plain.join("\n")));
    plain = [];
  };
  for (let at = 0; at < lines.length;) {
    const block = fenceAt(lines, at) ?? quoteAt(lines, at) ?? listAt(lines, at, bullet, "ul") ?? listAt(lines, at, numbered, "ol");
    if (!block) {
      plain.push(lines[at++]);
      continue;
    }
    endPlain();
    nodes.push(block.node);
    at = block.next;
  }
  endPlain();
  return nodes;
}

/** @typedef {{node: Node, next: number} | undefined} Block `next` is the first line behind it */

/** Without an end it is none. @param {string[]} lines @param {number} at @returns {Block} */
function fenceAt(lines, at) {
  if (!fence.test(lines[at])) return undefined;
  const end = lines.indexOf("```", at + 1);
  if (end < 0) return undefined;
  const inner = document.createElement("code");
  inner.textContent = lines.slice(at + 1, end).join("\n");
  return { node: elementOf("pre", [inner]), next: end + 1 };
}

/** @param {string[]} lines @param {number} at @returns {Block} */
function quoteAt(lines, at) {
  const next = endOf(lines, at, quoted);
  if (next === at) return undefined;
  const text = lines.slice(at, next).map((line) => line.replace(quoted, "")).join("\n");
  return { node: elementOf("blockquote", inline(text)), next };
}

/** @param {string[]} lines @param {number} at @param {RegExp} mark @param {"ul" | "ol"} tag @returns {Block} */
function listAt(lines, at, mark, tag) {
  const next = endOf(lines, at, mark);
  if (next === at) return undefined;
  const list = elementOf(tag, lines.slice(at, next).map((line) => elementOf("li", inline(line.replace(mark, "")))));
  if (list instanceof HTMLOListElement) list.start = Number(mark.exec(lines[at])?.[1]);
  return { node: list, next };
}

/** The first line behind those that begin so. @param {string[]} lines @param {number} at @param {RegExp} mark */
function endOf(lines, at, mark) {
  while (at < lines.length && mark.test(lines[at])) at++;
  return at;
}

/** @param {string} text */
function inline(text) {
  return split(text, code, ([, inner]) => elementOf("code", [document.createTextNode(inner)]), emphasized);
}

/** @param {string} text @returns {Node[]} */
function emphasized(text) {
  return split(text, emphasis, ([, bold, italic, slanted]) =>
    bold === undefined ? elementOf("em", emphasized(italic ?? slanted)) : elementOf("strong", emphasized(bold)), withLinks);
}

/**
 * What stands between the matches becomes one thing, and each match another.
 * @param {string} text @param {RegExp} sign @param {(match: RegExpMatchArray) => Node} make @param {(text: string) => Node[]} rest
 */
function split(text, sign, make, rest) {
  /** @type {Node[]} */
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(sign)) {
    nodes.push(...rest(text.slice(end, match.index)), make(match));
    end = match.index + match[0].length;
  }
  return end === 0 ? rest(text) : [...nodes, ...rest(text.slice(end))];
}

/** @param {string} tag @param {Node[]} children */
function elementOf(tag, children) {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
}
