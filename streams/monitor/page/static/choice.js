// Small controls that a keyboard works.

import { html } from "./dom.js";

/** One of a few, side by side: radio buttons that look like a switch. */
export function choice(legend, name, options, chosen, onchange) {
  return html("fieldset", { class: "choice" }, html("legend", { class: "unseen" }, legend),
    ...options.map(([value, text]) => html("label", {},
      html("input", { type: "radio", name, value, checked: value === chosen, onchange: () => onchange(value) }), html("span", {}, text))));
}

/** One of many, in a list that falls open. */
export function select(label, id, options, chosen, onchange) {
  return html("p", { class: "select" }, html("label", { for: id }, `${label} `),
    html("select", { id, onchange: (event) => onchange(event.target.value) },
      ...options.map(([value, text]) => html("option", { value, selected: value === chosen }, text))));
}
