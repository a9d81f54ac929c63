/** A storage for unsent messages that a test can look into. */
export function memory() {
  /** @type {Map<string, any>} */
  const kept = new Map();
  return {
    kept,
    load: (/** @type {string} */ user) => Array.from(kept).filter(([key]) => key.startsWith(`${user}/`)).map(([, message]) => message),
    save: (/** @type {string} */ user, /** @type {any} */ message) => void kept.set(`${user}/${message.client_msg_id}`, message),
    remove: (/** @type {string} */ user, /** @type {string} */ id) => void kept.delete(`${user}/${id}`),
  };
}
