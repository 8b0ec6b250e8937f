// The first screen: each stream with a verdict.

import { html, replaceWhenChanged, setText } from "./dom.js";
import { sparkline } from "./spark.js";
import { badge, URGENCY } from "./tone.js";
import { ago, count, duration, plural, share } from "./words.js";

const FEW = 4; // streams up to which the filter is no help
const MANY = 9; // streams from which each has a line instead of a card

export class Lab {
  key = "lab";
  title = "Halflife";

  constructor() {
    this.cards = new Map();
    this.summary = html("p", { class: "summary" }, "Asking the worker …");
    this.tally = html("ul", { class: "tally" });
    this.search = html("input", { type: "search", id: "search", placeholder: "name or title", oninput: () => this.arrange() });
    this.filter = html("p", { class: "filter", hidden: true }, html("label", { for: "search" }, "Find a stream "), this.search);
    this.list = html("ul", { class: "cards" });
    this.nothing = html("p", { class: "soft", hidden: true }, "No stream has that name.");
    this.element = html("div", { class: "lab" },
      html("h1", {}, "Can the synthetic data be trusted?"), this.summary, this.tally, this.filter, this.list, this.nothing);
  }

  take(state) {
    this.state = state;
    const streams = Object.entries(state.streams);
    setText(this.summary, summary(streams.map(([, stream]) => stream), state.dead_letters));
    replaceWhenChanged(this.tally, tally(streams), () => tally(streams).map(([tone, n]) => html("li", {}, badge(tone), ` ${n}`)));
    this.filter.hidden = streams.length <= FEW;
    this.list.classList.toggle("many", streams.length > MANY);
    for (const name of [...this.cards.keys()]) {
      if (!(name in state.streams)) { this.cards.get(name).remove(); this.cards.delete(name); }
    }
    for (const [name, stream] of streams) {
      if (!this.cards.has(name)) this.cards.set(name, html("li"));
      const age = stream.batch ? duration(state.time - stream.batch.created) : "";
      const drifted = stream.last_drift && stream.watermark ? ago(stream.watermark - stream.last_drift.time) : "";
      replaceWhenChanged(this.cards.get(name), [shown(stream), age, drifted], () => card(name, stream, age, drifted));
    }
    this.arrange();
  }

  /** What is worst stands first; the order changes only when a verdict does. */
  arrange() {
    const wanted = this.search.value.trim().toLowerCase(), streams = this.state?.streams ?? {};
    const names = Object.keys(streams).sort((a, b) => URGENCY[streams[a].standing.tone] - URGENCY[streams[b].standing.tone] || (a < b ? -1 : 1));
    let place = this.list.firstElementChild, found = 0;
    for (const name of names) {
      const item = this.cards.get(name);
      item.hidden = !`${name} ${streams[name].title}`.toLowerCase().includes(wanted);
      found += item.hidden ? 0 : 1;
      if (item === place) place = place.nextElementSibling;
      else this.list.insertBefore(item, place);
    }
    this.nothing.hidden = found > 0 || names.length === 0;
  }
}

const shown = ({ title, records, standing, batch, spark, keep, training, pending, last_drift, report, firing, here }) =>
  [title, records, standing, batch?.generator, batch?.rows, batch?.age_records, spark, keep, training, pending, last_drift?.record, report?.retained_interval, firing?.length, here];

function tally(streams) {
  const numbers = {};
  for (const [, { standing: { tone } }] of streams) numbers[tone] = (numbers[tone] ?? 0) + 1;
  return Object.entries(numbers).sort(([a], [b]) => URGENCY[a] - URGENCY[b]);
}

function summary(streams, dead) {
  if (!streams.length) return "The lab file names no stream.";
  const bad = streams.filter((each) => each.standing.tone === "bad").length;
  const look = streams.filter((each) => each.standing.tone === "warning").length;
  const told = [];
  if (bad) told.push(`${plural(bad, "stream")} of ${count(streams.length)}: do not use the synthetic data`);
  if (look) told.push(`${bad ? count(look) : plural(look, "stream")} to look at`);
  if (!told.length) told.push(`${plural(streams.length, "stream")}, nothing to worry about`);
  if (dead) told.push(`${plural(dead, "message")} of no stream among the dead letters`);
  return `${told.join("; ")}.`;
}

function card(name, stream, age, drifted) {
  const { tone, text, detail } = stream.standing;
  const facts = [
    ["Age of the batch", stream.batch ? [age, html("span", { class: "soft" }, `${plural(stream.batch.age_records, "record")}`)] : "no batch yet"],
    ["Last drift", stream.last_drift ? [drifted, html("span", { class: "soft" }, `record ${count(stream.last_drift.change_point ?? stream.last_drift.record)}`)] : "none seen"],
    ["Records", count(stream.records)],
  ];
  return html("a", { class: `card ${tone}`, href: `#/stream/${encodeURIComponent(name)}` },
    html("div", { class: "head" }, badge(tone), html("span", { class: "id" }, name)),
    html("h2", {}, stream.title),
    html("p", { class: "verdict" }, `${text}.`),
    detail ? html("p", { class: "detail" }, `${detail}.`) : null,
    training(stream),
    html("div", { class: "kept" },
      html("div", { class: "label" }, html("span", {}, "Fidelity kept since birth"), html("b", {}, ...[kept(stream)].flat())),
      sparkline(stream.spark, stream.keep, measured(stream) ? stream.report.under_limit : null)),
    html("dl", {}, ...facts.map(([term, value]) => html("div", {}, html("dt", {}, term), html("dd", {}, value)))),
    stream.here === false && stream.records ? html("p", { class: "soft small" }, "Another worker holds this stream.") : null);
}

/** Whether the latest measure is of the batch in circulation. */
const measured = ({ report, batch }) => Boolean(report && batch && report.batch_id === batch.batch_id);

/** What is kept, and between which bounds it lies in 90 of 100 cases. */
function kept({ report, batch }) {
  if (!measured({ report, batch })) return html("span", { class: "soft" }, batch ? "not measured yet" : "–");
  const [low, high] = report.retained_interval;
  return [share(report.retained), html("span", { class: "soft" }, ` (${share(low)} to ${share(high)})`)];
}

function training(stream) {
  if (!stream.training || !stream.pending) return null;
  const { phase, step, steps } = stream.training;
  return html("p", { class: "small soft" }, `A new batch is being made: ${phase}${steps ? `, step ${step} of ${steps}` : ""}.`);
}

