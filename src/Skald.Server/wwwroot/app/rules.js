/** Whether one may register is the operator's to say, and so is how long a password must be. */

/**
 * @typedef {object} Rules
 * @property {boolean} open whether one may register
 * @property {"cookie" | null} keep whether the browser can keep a session: behind a proxy that takes a path off and does not say so,
 *   the server's cookies are for a path that the browser never asks for
 */

/**
 * Asks the server, and tells the rule for passwords wherever a new one is chosen. Where there is no answer nothing is forbidden: the
 * server refuses by itself, and says why.
 * @param {import("../skald/index.js").Session} session
 * @returns {Promise<Rules>}
 */
export async function learnRules(session) {
  try {
    const { open, password_min_length, path } = await session.registration();
    for (const rule of document.querySelectorAll(".password-rule")) rule.textContent = passwordRule(password_min_length);
    return { open, keep: path === new URL(session.server).pathname ? "cookie" : null };
  } catch {
    return { open: true, keep: null };
  }
}

/** @param {number} least */
function passwordRule(least) {
  const advice = "A few words in a row are best.";
  return least > 1 ? `${least} characters or more. ${advice}` : advice;
}
