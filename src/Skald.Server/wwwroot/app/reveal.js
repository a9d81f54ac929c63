/** Lets people see the passwords they type: each button of this kind shows and hides the field before it. @param {ParentNode} root */
export function letReveal(root) {
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (root.querySelectorAll("button.reveal"))) {
    const field = /** @type {HTMLInputElement} */ (button.previousElementSibling);
    const show = (/** @type {boolean} */ shown) => {
      field.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", String(shown));
      button.textContent = shown ? "Hide" : "Show";
    };
    button.addEventListener("click", () => show(field.type === "password"));
    // Sent, it is a secret again, and browsers keep only what is in a password field.
    field.form?.addEventListener("submit", () => show(false), { capture: true });
  }
}
