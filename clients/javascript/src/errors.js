import { errorCodes } from "./codes.js";

/**
 * What went wrong, whether a socket or an HTTP answer told it. Besides the protocol's codes there are those of the client
 * itself: `unreachable` (no answer), `unexpected_answer` (an answer that is not Skald's: a proxy's or a captive portal's),
 * `token_unavailable` (the application's getToken failed), `closed` (the client was closed first), `signed_out` (the session
 * ended first), `outbox_full`, `storage_unavailable` (the storage for unsent messages failed),
 * `socket_blocked` (the server answers, but no WebSocket gets through) and `unsupported` (something is missing here that the client needs).
 */
export class SkaldError extends Error {
  /**
   * @param {string} code
   * @param {string} detail a sentence for people
   * @param {{retryable?: boolean, retryAfterMs?: number, room?: string, now?: import("./frames.js").ChatMessage,
   *   errors?: Record<string, string[]>, cause?: unknown}} [more]
   */
  constructor(code, detail, { retryable, retryAfterMs, room, now, errors, cause } = {}) {
    super(detail, { cause });
    this.name = "SkaldError";
    this.code = code;
    this.detail = detail;
    this.retryable = retryable ?? isRetryable(code);
    this.retryAfterMs = retryAfterMs;
    this.room = room;
    /** The message as it is, where `code` is `edit_conflict`. */
    this.now = now;
    /** Per field what is wrong with it, where `code` is `validation_failed`. */
    this.errors = errors;
  }

  /** @param {import("./frames.js").ErrorFrame} frame */
  static fromFrame(frame) {
    const { code, detail, retryable, room, now } = frame;
    return new SkaldError(code, detail, { retryable, retryAfterMs: frame.retry_after_ms, room, now });
  }

  /**
   * @param {number} status
   * @param {Headers} headers
   * @param {any} problem the body as JSON, or undefined where it was none: a proxy's error page, for one
   */
  static fromAnswer(status, headers, problem) {
    const seconds = Number(headers.get("retry-after") ?? NaN);
    const wait = Number.isFinite(seconds) ? seconds * 1000 : undefined;
    if (!isOwnWord(status, headers, problem)) {
      const detail = `Not Skald answered, with status ${status}, but a proxy, a network that asks for a login, or another address.`;
      // It may go away, whatever its status is.
      return new SkaldError(foreignCodeOf(status), detail, { retryable: true, retryAfterMs: wait });
    }
    return new SkaldError(problem.code, problem.detail ?? `The server answered ${status}.`, {
      retryable: status === 408 || status === 429 || status >= 500,
      retryAfterMs: problem.retry_after_ms ?? wait,
      now: problem.now,
      errors: problem.errors,
    });
  }
}

/**
 * Whether the server itself speaks, in its own shape. What a session hangs on may be told by nobody else.
 * @param {number} status @param {Headers} headers @param {any} problem
 */
function isOwnWord(status, headers, problem) {
  const isProblem = /^application\/problem\+json\b/i.test(headers.get("content-type") ?? "");
  return isProblem && typeof problem?.code === "string" && problem.status === status;
}

/** @param {string} code */
function isRetryable(code) {
  return /** @type {Record<string, {retryable: boolean}>} */ (errorCodes)[code]?.retryable ?? false;
}

/** @param {number} status */
function foreignCodeOf(status) {
  if (status === 429) return "rate_limited";
  return status >= 500 ? "server_error" : "unexpected_answer";
}

/** Whether a refusal speaks of the connection, which is about to end: the command itself was not judged. @param {string} code */
export function aboutTheConnection(code) {
  return code === "not_authenticated" || code === "token_not_valid";
}
