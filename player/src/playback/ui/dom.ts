/** Building elements by hand, for the parts of the player that are there before anything else. */

type Child = Node | string | undefined;

type Attributes = Readonly<Record<string, string | boolean | undefined>>;

export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** Sets a text only when it changes, so that screen readers are not told the same again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function toggleAttribute(element: Element, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** A button with a picture, and its name for those who do not see it. */
export function iconButton(className: string, label: string, picture: Node): HTMLButtonElement {
  return h(
    'button',
    { class: `amphi-button ${className}`, type: 'button', 'aria-label': label, title: label },
    picture,
  );
}
