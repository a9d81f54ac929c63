/** Whether one may register is the operator's to say, and so is how long a password must be. */

/**
 * Asks the server, and tells the rule for passwords wherever a new one is chosen. Where there is no answer nothing is forbidden: the
 * server refuses by itself, and says why.
 * @param {import("../skald/index.js").Session} session
 * @returns {Promise<{open: boolean}>} whether one may register
 */
export async function learnRules(session) {
  try {
    const { open, password_min_length } = await session.registration();
    for (const rule of document.querySelectorAll(".password-rule")) rule.textContent = passwordRule(password_min_length);
    return { open };
  } catch {
    return { open: true };
  }
}

/** @param {number} least */
function passwordRule(least) {
  const advice = "A few words in a row are best.";
  return least > 1 ? `${least} characters or more. ${advice}` : advice;
}
