// No module, and in the language of old: where the browser is too old for the page's own scripts, this one still runs, and says so.
(function () {
  "use strict";

  var isUnread = false;

  function say() {
    var note = document.getElementById("too-old");
    if (note) note.hidden = !(isUnread || isTooOld());
  }

  /** What the page is made of, and the youngest of it in each browser: README.md names them. */
  function isTooOld() {
    return !("noModule" in document.createElement("script")) || !("showModal" in document.createElement("dialog")) ||
      !("hasOwn" in Object) || !("at" in Array.prototype) || !window.CSS || !CSS.supports("selector(:has(a))");
  }

  // A module that the browser cannot read is told to the window, before or after the page is there, and nothing of it runs.
  window.addEventListener("error", function (event) {
    isUnread = isUnread || event.error instanceof SyntaxError;
    say();
  });
  document.addEventListener("DOMContentLoaded", say);
})();
