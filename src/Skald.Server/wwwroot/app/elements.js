/**
 * The one element that a selector names. The page is broken where there is none, and says so at once.
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} type
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function element(selector, type, root = document) {
  const found = root.querySelector(selector);
  if (found instanceof type) return found;
  throw new Error(`The page has no ${type.name} at ${selector}.`);
}

/**
 * A copy of a template's only child.
 * @param {string} id
 */
export function copyOf(id) {
  const template = element(`#${id}`, HTMLTemplateElement);
  return element("*", HTMLElement, /** @type {DocumentFragment} */ (template.content.cloneNode(true)));
}

/**
 * Shows a text where there is one, and hides the element where there is none.
 * @param {HTMLElement} element
 * @param {string} [text]
 */
export function tell(element, text = "") {
  element.textContent = text;
  element.hidden = text === "";
}
