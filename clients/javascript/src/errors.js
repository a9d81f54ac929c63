import { errorCodes } from "./codes.js";

/**
 * What went wrong, whether a socket or an HTTP answer told it. Besides the protocol's codes there are four of the
 * client's own: `unreachable` (no answer from the server), `closed` (the client was closed first), `signed_out` (the
 * session ended first) and `outbox_full`.
 */
export class SkaldError extends Error {
  /**
   * @param {string} code
   * @param {string} detail a sentence for people
   * @param {{retryable?: boolean, retryAfterMs?: number, room?: string, errors?: Record<string, string[]>, cause?: unknown}} [more]
   */
  constructor(code, detail, { retryable, retryAfterMs, room, errors, cause } = {}) {
    super(detail, { cause });
    this.name = "SkaldError";
    this.code = code;
    this.detail = detail;
    this.retryable = retryable ?? isRetryable(code);
    this.retryAfterMs = retryAfterMs;
    this.room = room;
    /** Per field what is wrong with it, where `code` is `validation_failed`. */
    this.errors = errors;
  }

  /** @param {import("./frames.js").ErrorFrame} frame */
  static fromFrame(frame) {
    const { code, detail, retryable, room } = frame;
    return new SkaldError(code, detail, { retryable, retryAfterMs: frame.retry_after_ms, room });
  }

  /**
   * @param {number} status
   * @param {Headers} headers
   * @param {any} problem the body as JSON, or undefined where it was none: a proxy's error page, for one
   */
  static fromAnswer(status, headers, problem) {
    const seconds = Number(headers.get("retry-after") ?? NaN);
    return new SkaldError(problem?.code ?? codeOf(status), problem?.detail ?? `The server answered ${status}.`, {
      retryable: status === 408 || status === 429 || status >= 500,
      retryAfterMs: problem?.retry_after_ms ?? (Number.isFinite(seconds) ? seconds * 1000 : undefined),
      errors: problem?.errors,
    });
  }
}

/** @param {string} code */
function isRetryable(code) {
  return /** @type {Record<string, {retryable: boolean}>} */ (errorCodes)[code]?.retryable ?? false;
}

/** @param {number} status */
function codeOf(status) {
  if (status === 401) return "token_not_valid";
  if (status === 403) return "forbidden";
  if (status === 404) return "not_found";
  if (status === 413) return "payload_too_large";
  if (status === 429) return "rate_limited";
  return status >= 500 ? "server_error" : "bad_request";
}
