/**
 * Tells listeners what happens. It needs nothing of its surroundings: React Native has no EventTarget.
 * @template {Record<string, any>} Events
 */
export class Emitter {
  /** @type {Map<keyof Events, Set<{hear: (detail: any) => void}>>} */ #listeners = new Map();

  /**
   * @template {keyof Events & string} Type
   * @param {Type} type
   * @param {(detail: Events[Type]) => void} listener
   * @returns {() => void} ends the listening
   */
  on(type, listener) {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    // An object of its own for each call, so that the same function may listen twice and stop once.
    const entry = { hear: listener };
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  /**
   * A listener that throws stops neither the others nor the client: its error ends up where uncaught errors do.
   * @template {keyof Events & string} Type
   * @param {Type} type
   * @param {Events[Type]} detail
   */
  emit(type, detail) {
    const listeners = this.#listeners.get(type);
    if (!listeners) return;
    for (const entry of [...listeners]) {
      if (!listeners.has(entry)) continue;
      try {
        entry.hear(detail);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
