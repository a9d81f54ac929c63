// As many as style.css has colours for, besides the green of one's own.
const colours = 8;

/** A speaker's colour, the same at every place and time: names that differ in case only are one person. @param {string} username */
export function colourOf(username) {
  let hash = 0;
  for (const letter of username.toLowerCase()) hash = (Math.imul(hash, 31) + /** @type {number} */ (letter.codePointAt(0))) >>> 0;
  return String(hash % colours);
}

/** One or two letters for a speaker. @param {string} username */
export function initialsOf(username) {
  const [first = "", second = ""] = username.split(/[^\p{Letter}\p{Number}]+/u).filter((part) => part !== "");
  return (firstLetter(first || username) + firstLetter(second)).toUpperCase();
}

/** @param {string} text */
const firstLetter = (text) => Array.from(text)[0] ?? "";
