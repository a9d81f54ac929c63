/**
 * Calls back when waiting any longer is likely pointless, the network is there again or someone looks at the page; and when
 * the network has gone.
 * @param {() => void} woken
 * @param {() => void} gone
 * @returns {() => void} ends the watching
 */
export function onWake(woken, gone) {
  if (typeof document === "undefined" || typeof addEventListener !== "function") return () => {};
  const shown = () => {
    if (document.visibilityState === "visible") woken();
  };
  addEventListener("online", woken);
  addEventListener("offline", gone);
  document.addEventListener("visibilitychange", shown);
  return () => {
    removeEventListener("online", woken);
    removeEventListener("offline", gone);
    document.removeEventListener("visibilitychange", shown);
  };
}
