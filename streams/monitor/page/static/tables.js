// Lists of what happened to a stream.

import { html } from "./dom.js";
import { mark } from "./tone.js";
import { CAUSES, count, date, duration, number, plural, sentence, share } from "./words.js";

const SEVERITY = { critical: "bad", warning: "warning", info: "idle" };

const MOST = 10; // rows that are shown until all are asked for
const unfolded = new Set(); // tables of which all are shown, while this page is open

/** A table that is read on a phone as well: there each row is a block. */
export function table(caption, heads, rows) {
  const row = (cells, i) => html("tr", { hidden: i >= MOST && !unfolded.has(caption) }, ...cells.map((cell, j) => html("td", { "data-head": heads[j] }, cell)));
  const body = html("tbody", {}, ...rows.map(row));
  const all = rows.length <= MOST || unfolded.has(caption) ? null : html("button", { type: "button", class: "more", onclick: (event) => {
    unfolded.add(caption);
    for (const each of body.rows) each.hidden = false;
    event.target.remove();
  } }, `Show all ${count(rows.length)}`);
  return html("div", { class: "table" }, html("table", {},
    html("caption", { class: "unseen" }, caption),
    html("thead", {}, html("tr", {}, ...heads.map((head) => html("th", { scope: "col" }, head)))), body), all);
}

const none = (text) => html("p", { class: "soft" }, text);

/** What is firing now, the most severe first. */
export function firing(glance) {
  const list = glance.firing ?? [];
  if (!list.length) return null;
  return html("ul", { class: "firing", "aria-label": "Alerts that fire now" }, ...list.map(({ kind, severity, text }) =>
    html("li", { class: SEVERITY[severity] }, html("b", {}, `${kind.replaceAll("-", " ")} (${severity}): `), sentence(text))));
}

/** Alerts, newest first. */
export function alerts(list) {
  if (!list.length) return none("No alert so far.");
  const rows = list.slice().reverse().map((alert) => {
    const begins = alert.status === "firing", tone = begins ? SEVERITY[alert.severity] : "good";
    return [
      html("span", { class: `state ${tone}` }, mark(tone), begins ? alert.severity : "ended"),
      alert.kind.replaceAll("-", " "), sentence(alert.text), count(alert.record), date(alert.time),
    ];
  });
  return table("Alerts, newest first", ["state", "kind", "what", "record", "time"], rows);
}

/** Requests for batches with what became of them, newest first. */
export function batches(requests, current) {
  if (!requests.length) return none("No batch has been asked for so far.");
  const rows = requests.slice().reverse().map((request) => {
    const { outcome } = request, batch = outcome?.batch, now = batch && batch.batch_id === current;
    const tone = !outcome ? "idle" : { promoted: "good", rejected: "warning", undecided: "warning", failed: "bad" }[outcome.outcome];
    const made = batch ? `${plural(batch.rows, "row")} by ${batch.generator}, from ${plural(batch.trained_on, "record")}` : "–";
    return [
      html("span", { class: `state ${tone}` }, mark(tone), !outcome ? "being made" : now ? "in circulation" : outcome.outcome),
      html("span", {}, CAUSES[request.cause] ?? request.cause, request.record === null ? null : html("span", { class: "soft" }, ` · record ${count(request.record)}`)),
      html("span", {}, outcome ? sentence(outcome.text) : sentence(request.text), outcome?.verdict ? verdict(outcome.verdict, request.request_id) : null),
      made, outcome ? `${date(outcome.created)}${outcome.seconds ? ` · took ${duration(outcome.seconds)}` : ""}` : date(request.time),
    ];
  });
  return table("Batches and the verdicts of the gate, newest first", ["outcome", "cause", "verdict of the gate", "batch", "when"], rows);
}

/** The scores of the gate, part by part. */
function verdict(told, name) {
  const parts = Object.keys(told.challenger?.parts ?? {});
  if (!parts.length) return null;
  const champion = told.champion?.parts;
  return html("details", { "data-name": name }, html("summary", {}, "scores"), html("table", { class: "scores" },
    html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "part"), html("th", { scope: "col" }, "challenger"), champion ? html("th", { scope: "col" }, "champion") : null)),
    html("tbody", {}, ...parts.map((part) => html("tr", {}, html("th", { scope: "row" }, part), html("td", {}, share(told.challenger.parts[part])), champion ? html("td", {}, share(champion[part])) : null)))));
}

/** Messages that could not be used, newest first. */
export function deadLetters(letters) {
  if (!letters.length) return none("None: every message could be used.");
  const rows = letters.map((letter) => [
    html("span", {}, sentence(letter.text), letter.path ? html("span", { class: "soft" }, ` Where: ${letter.path}.`) : null),
    letter.reason, html("code", {}, letter.value), letter.address || `${letter.partition} / ${count(letter.offset)}`, date(letter.time),
  ]);
  return table("Dead letters, newest first", ["why", "reason", "how it begins", "partition / offset", "time"], rows);
}

/** Numbers of a stream. */
export function facts(stream, now) {
  const { glance } = stream, { batch, report } = glance, list = [["Records", count(glance.records)]];
  if (glance.watermark) list.push(["Time of the latest record", date(glance.watermark)]);
  if (glance.pace) list.push(["Today's rate", `${number(glance.pace * 3600)} records an hour`]);
  if (batch) {
    list.push(["Batch in circulation", `${plural(batch.rows, "row")} by ${batch.generator}`]);
    list.push(["Its age", `${duration(now - batch.created)}, ${plural(batch.age_records, "record")}`], ["Trained on", plural(batch.trained_on, "real record")]);
  }
  if (report && report.utility_gap !== null && report.batch_id === batch?.batch_id) {
    list.push(["Price of using it", report.utility_gap < 0.005 ? "models err no more than on real records" : `models err ${Math.round(100 * report.utility_gap)} % more than on real records`]);
  }
  if (glance.missing_cells) list.push(["Missing cells", count(glance.missing_cells)]);
  if (glance.synthetic) list.push(["Synthetic rows sent back as real", count(glance.synthetic)]);
  return html("dl", { class: "facts" }, ...list.map(([term, value]) => html("div", {}, html("dt", {}, term), html("dd", {}, value))));
}
