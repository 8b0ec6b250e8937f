// What people decided about a stream.

import { html } from "./dom.js";
import { table } from "./tables.js";
import { mark } from "./tone.js";
import { count, date, sentence } from "./words.js";

const ACTIONS = { regenerate: "new batch asked for", approve: "batch approved", reject: "batch rejected", fault: "marked as a fault", annotate: "note" };

/** Decisions, newest first. */
export function decisions(list) {
  if (!list.length) return html("p", { class: "soft" }, "Nobody has decided anything so far.");
  const rows = list.slice().reverse().map((decision) => {
    const { first, last, outcome } = decision, tone = outcome === "done" ? "good" : "warning";
    const where = first === null ? null : html("span", { class: "soft" }, ` · records ${count(first)} to ${count(last)}`);
    return [
      html("span", { class: `state ${tone}` }, mark(tone), outcome),
      html("span", {}, ACTIONS[decision.action] ?? decision.action, where),
      html("span", {}, sentence(decision.reason || "no reason given"), html("span", { class: "soft" }, ` ${sentence(decision.text)}`)),
      decision.by || "–", date(decision.time),
    ];
  });
  return table("Decisions, newest first", ["outcome", "what", "why, and what came of it", "by", "time"], rows);
}
