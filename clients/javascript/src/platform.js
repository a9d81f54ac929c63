import { SkaldError } from "./errors.js";

/**
 * Says at once, and by name, what the platform lacks: later it would show as a promise that nobody can catch.
 * @param {Record<string, unknown>} functions by their names
 * @param {string} advice
 */
export function need(functions, advice) {
  const missing = Object.keys(functions).filter((name) => typeof functions[name] !== "function");
  if (missing.length > 0) throw new SkaldError("unsupported", `Missing here: ${missing.join(", ")}. ${advice}`);
}

/** 128 random bits. crypto.randomUUID would do, but is not there in a page that came over plain http. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
