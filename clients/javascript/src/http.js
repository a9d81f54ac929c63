import { SkaldError } from "./errors.js";

const usualPatience = 10_000;

/**
 * @typedef {{status: number, headers: Headers, body: any}} Answer `body` is undefined with a 204 only
 * @typedef {{fetch: typeof globalThis.fetch, clock: import("./clock.js").Clock}} Http
 */

/**
 * One request as JSON.
 * @param {Http} http
 * @param {string} url
 * @param {{method: string, body?: unknown, token?: string, patience?: number, cookies?: boolean}} request `patience`: how many
 *   ms to wait for the answer; `cookies`: whether the browser sends and keeps them, at a page's own origin
 * @returns {Promise<Answer>}
 * @throws {SkaldError} where the answer is an error, `unexpected_answer` where something else than Skald gave it, and
 *   `unreachable` where there is none
 */
export async function exchange({ fetch, clock }, url, { method, body, token, patience = usualPatience, cookies = false }) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json" };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";

  // On a network that has gone away without a word fetch alone waits for minutes.
  const overdue = new AbortController();
  const timer = clock.setTimeout(() => overdue.abort(), patience);
  try {
    const response = await fetch(url, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: overdue.signal,
      credentials: cookies ? "same-origin" : "omit",
      cache: "no-store",
      // Skald redirects nobody; whoever does is not to be handed a token.
      redirect: "manual",
    });
    const answer = { status: response.status, headers: response.headers, body: parse(await response.text()) };
    if (response.ok && (answer.body !== undefined || response.status === 204)) return answer;
    throw SkaldError.fromAnswer(answer.status, answer.headers, answer.body);
  } catch (error) {
    if (error instanceof SkaldError) throw error;
    throw new SkaldError("unreachable", "The server cannot be reached.", { retryable: true, cause: error });
  } finally {
    clock.clearTimeout(timer);
  }
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
