/**
 * Calls back when waiting any longer is likely pointless: the network is there again, or someone looks at the page.
 * @param {() => void} woken
 * @returns {() => void} ends the watching
 */
export function onWake(woken) {
  if (typeof document === "undefined") return () => {};
  const shown = () => {
    if (document.visibilityState === "visible") woken();
  };
  addEventListener("online", woken);
  document.addEventListener("visibilitychange", shown);
  return () => {
    removeEventListener("online", woken);
    document.removeEventListener("visibilitychange", shown);
  };
}
