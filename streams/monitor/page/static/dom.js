// Making elements. What comes from outside becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An HTML element; attributes that are null or false are left out, those that begin with "on" listen. */
export const html = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** An SVG element. */
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** Lets a text be a text, without touching the page where it is that already. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Replaces the children of an element, if what they are made of has changed: nothing flickers. */
export function replaceWhenChanged(element, key, make) {
  const told = JSON.stringify(key);
  if (element.dataset.key === told) return;
  element.dataset.key = told;
  const open = new Set([...element.querySelectorAll("details[open]")].map((each) => each.dataset.name));
  element.replaceChildren(...[make()].flat().filter(Boolean));
  for (const each of element.querySelectorAll("details")) if (open.has(each.dataset.name)) each.open = true;
}
