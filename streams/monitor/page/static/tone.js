// How a stream stands, by colour and shape and word: any one of them is enough.

import { html, svg } from "./dom.js";

const MARKS = {
  good: { word: "trusted", shape: [["circle", { cx: 12, cy: 12, r: 10 }], ["path", { class: "sign", d: "M7 12.5l3.5 3.5L17 8.5" }]] },
  warning: { word: "look", shape: [["path", { d: "M12 2L23 21.5H1Z" }], ["path", { class: "sign", d: "M12 9v6M12 17.7v.6" }]] },
  bad: { word: "do not use", shape: [["path", { d: "M7.5 1.5h9L22.5 7.5v9L16.5 22.5h-9L1.5 16.5v-9Z" }], ["path", { class: "sign", d: "M8 8l8 8M16 8l-8 8" }]] },
  idle: { word: "nothing yet", shape: [["circle", { class: "hollow", cx: 12, cy: 12, r: 9.5 }], ["path", { class: "hollow", d: "M12 6.5V12l3.5 2.5" }]] },
};

/** The mark of a tone; beside its word it is silent. */
export const mark = (tone) =>
  svg("svg", { class: `mark ${tone}`, viewBox: "0 0 24 24", "aria-hidden": "true" },
    ...MARKS[tone].shape.map(([tag, attributes]) => svg(tag, attributes)));

export const word = (tone) => MARKS[tone].word;

/** Mark and word together. */
export const badge = (tone) => html("span", { class: `badge ${tone}` }, mark(tone), word(tone));

/** Order of urgency. */
export const URGENCY = { bad: 0, warning: 1, good: 2, idle: 3 };
