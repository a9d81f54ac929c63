import { copyOf, element, tell } from "./elements.js";
import { changeSentenceOf } from "./sentences.js";
import { withoutEmptyEnds } from "./text.js";

/** @typedef {import("../skald/index.js").ChatMessage} ChatMessage */

/**
 * Opens a stored message for its writer to change, in its own place. It stays open until the server has taken the text.
 * @param {HTMLElement} article
 * @param {ChatMessage} message
 * @param {object} page
 * @param {(text: string, ifVersion: number) => Promise<unknown>} page.save
 * @param {() => void} page.onResize
 * @param {(text: string) => void} page.say tells what went wrong when the editor is closed already
 */
export function openEditor(article, message, { save, onResize, say }) {
  const form = /** @type {HTMLFormElement} */ (copyOf("editor-template"));
  const field = element("textarea", HTMLTextAreaElement, form);
  const sizer = element(".sizer", HTMLElement, form);
  const fault = element(".fault", HTMLElement, form);
  const submit = element("[type=submit]", HTMLButtonElement, form);
  const before = document.activeElement;
  let ifVersion = message.text_version ?? message.seq;

  const fit = () => {
    sizer.textContent = `${field.value}\u200B`;
    onResize();
  };
  const isOpen = () => form.isConnected;
  const close = () => {
    const hadFocus = form.contains(document.activeElement);
    closeEditor(article);
    onResize();
    if (!hadFocus) return;
    if (before instanceof HTMLElement && before.isConnected) before.focus();
    else article.focus({ preventScroll: true });
  };
  /** @param {boolean} saving */
  const setSaving = (saving) => {
    field.readOnly = submit.disabled = saving;
    submit.textContent = saving ? "Saving…" : "Save";
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = withoutEmptyEnds(field.value);
    if (submit.disabled) return;
    if (text === message.message && ifVersion === (message.text_version ?? message.seq)) return close();
    tell(fault);
    setSaving(true);
    try {
      await save(text, ifVersion);
      if (isOpen()) close();
    } catch (error) {
      const { now } = /** @type {{now?: ChatMessage}} */ (error);
      if (!isOpen()) return say(changeSentenceOf(error));
      setSaving(false);
      tell(fault, changeSentenceOf(error));
      // What stands there now has been told: saving again means to replace that.
      if (now) ifVersion = now.text_version ?? now.seq;
      onResize();
      field.focus();
    }
  });
  form.addEventListener("keydown", (event) => {
    // While an input method composes, both keys belong to it.
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Enter" && !event.shiftKey && event.target === field) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  field.addEventListener("input", () => {
    tell(fault);
    fit();
  });
  element("[data-testid=edit-cancel]", HTMLButtonElement, form).addEventListener("click", close);

  field.value = message.message;
  article.classList.add("editing");
  element(".body", HTMLElement, article).append(form);
  fit();
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
  article.scrollIntoView({ block: "nearest" });
}

/** @param {HTMLElement} article */
export function closeEditor(article) {
  article.querySelector(".editor")?.remove();
  article.classList.remove("editing");
}
