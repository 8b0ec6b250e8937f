// The page of one stream.

import { Actions } from "./actions.js";
import { Timeline } from "./axis.js";
import { Chart } from "./chart.js";
import { choice, select } from "./choice.js";
import { columnChart } from "./column_chart.js";
import { ask } from "./connection.js";
import { decisions } from "./decisions.js";
import { html, replaceWhenChanged } from "./dom.js";
import { evidenceChart } from "./evidence_chart.js";
import { fidelityChart } from "./fidelity_chart.js";
import { residualChart } from "./residual_chart.js";
import { alerts, batches, deadLetters, facts, firing } from "./tables.js";
import { badge } from "./tone.js";
import { ago, plural } from "./words.js";

const PAUSE = 2000; // milliseconds from one question to the next
const MEASURES = [["kept", "kept since birth"], ["columns", "columns"], ["pairs", "pairs"], ["joint", "joint"], ["predictive", "predictive"]];

export class Stream {
  constructor(name) {
    this.name = name;
    this.key = `stream ${name}`;
    this.title = `${name}: Halflife`;
    this.measure = "kept";
    this.along = "record";
    this.column = null;
    this.residual = null;
    this.asked = 0;
    this.actions = new Actions(name);
    this.charts = {
      fidelity: new Chart("Fidelity of the batches", 330), column: new Chart("Real against synthetic", 300),
      evidence: new Chart("Evidence for drift", 330), residuals: new Chart("What the set-points do not explain", 300),
    };
    this.parts = Object.fromEntries(["head", "firing", "training", "facts", "columns", "residuals", "batches", "alerts", "decisions", "dead"].map((each) => [each, html("div")]));
    this.element = this.#build();
  }

  #build() {
    const { charts, parts } = this;
    const section = (id, title, text, ...children) => html("section", { id, "aria-labelledby": `${id}-title` },
      html("h2", { id: `${id}-title` }, title), text ? html("p", { class: "soft" }, text) : null, ...children);
    const measures = choice("What is drawn", "measure", MEASURES, this.measure, (value) => { this.measure = value; this.#draw(); });
    const along = choice("Along", "along", [["record", "records"], ["time", "time"], ["age", "age of the batch"]], this.along, (value) => { this.along = value; this.#draw(); });
    return html("div", { class: "stream" },
      html("p", { class: "back" }, html("a", { href: "#/" }, "← All streams")),
      parts.head, parts.firing, parts.training, this.actions.element, parts.facts,
      section("fidelity", "Fidelity over the life of the batches", "Lines: ◆ where a change began, solid where it was noticed, dashed where a new batch took over.", html("div", { class: "controls" }, measures, along), charts.fidelity.element),
      html("div", { class: "pair" },
        section("columns", "Real against synthetic", null, html("div", { class: "controls" }, parts.columns), charts.column.element),
        section("residuals", "Given the set-points", null, html("div", { class: "controls" }, parts.residuals), charts.residuals.element)),
      section("evidence", "Evidence for drift against its threshold", "Each kind collects evidence from record to record; at 1 it alarms and begins again.", charts.evidence.element),
      section("batches", "Batches and the gate", null, parts.batches),
      section("alerts", "Alerts", null, parts.alerts),
      section("decisions", "What people decided", null, parts.decisions),
      section("dead-letters", "Dead letters", null, parts.dead));
  }

  /** News of all streams: is there any of this one? */
  take(state) {
    const glance = state.streams[this.name];
    this.now = state.time;
    if (!glance) {
      replaceWhenChanged(this.parts.head, "unknown", () => html("h1", {}, `There is no stream ${this.name}`));
      return;
    }
    this.title = `${glance.title}: Halflife`;
    this.#verdict(glance);
    this.actions.take(glance);
    const told = JSON.stringify([glance.version, glance.records, glance.batch?.batch_id, glance.pending, glance.phase]);
    if (told !== this.told) {
      this.told = told;
      this.#fetch();
    }
  }

  leave() {
    this.gone = true;
    clearTimeout(this.due);
    for (const chart of Object.values(this.charts)) chart.leave();
  }

  #verdict(glance) {
    const { standing: { tone, text, detail }, title, training, pending, waiting } = glance;
    replaceWhenChanged(this.parts.head, [glance.standing, title], () => html("div", { class: `verdict-box ${tone}` },
      html("div", { class: "head" }, badge(tone), html("span", { class: "id" }, this.name)), html("h1", {}, title),
      html("p", { class: "verdict" }, `${text}.`), detail ? html("p", { class: "detail" }, `${detail}.`) : null));
    replaceWhenChanged(this.parts.firing, glance.firing, () => firing(glance));
    replaceWhenChanged(this.parts.training, [training, pending, waiting], () => progress(training, pending, waiting));
  }

  /** Asks for all of the stream, not more often than it can be looked at. */
  #fetch() {
    clearTimeout(this.due);
    this.due = setTimeout(async () => {
      this.asked = Date.now();
      try {
        const base = `streams/${encodeURIComponent(this.name)}`;
        this.stream = await ask(base);
        if (this.gone || !this.stream) return;
        this.#tables();
        this.#column();
        this.left = await ask(`${base}/residuals`);
        if (!this.gone) this.#draw();
      } catch (error) {
        console.warn(error.message);
        this.told = null; // at the next news it is asked again
      }
    }, Math.max(0, this.asked + PAUSE - Date.now()));
  }

  #tables() {
    const { stream, parts, now } = this;
    replaceWhenChanged(parts.facts, [stream.glance.records, stream.glance.batch, stream.glance.report, ago(now - (stream.glance.batch?.created ?? 0))], () => facts(stream, now));
    replaceWhenChanged(parts.batches, [stream.requests, stream.glance.batch?.batch_id], () => batches(stream.requests, stream.glance.batch?.batch_id));
    replaceWhenChanged(parts.alerts, stream.alerts, () => alerts(stream.alerts));
    replaceWhenChanged(parts.decisions, stream.decisions, () => decisions(stream.decisions));
    replaceWhenChanged(parts.dead, stream.dead_letters, () => deadLetters(stream.dead_letters));
    this.column ??= stream.target ?? stream.columns.find((each) => each.role === "measured")?.name ?? stream.columns[0].name;
    const names = stream.columns.map(({ name, role }) => [name, `${name} (${role})`]);
    replaceWhenChanged(parts.columns, names, () => select("Column", "column", names, this.column, (value) => { this.column = value; this.#column(); }));
  }

  async #column() {
    const wanted = this.column, chart = this.charts.column;
    try {
      const column = await ask(`streams/${encodeURIComponent(this.name)}/columns/${encodeURIComponent(wanted)}`);
      if (this.gone || wanted !== this.column) return;
      if (!column?.real) chart.empty(column ? "There is no batch to compare with yet." : "Another worker holds this stream: its page shows the columns.");
      else chart.show(JSON.stringify(column), () => columnChart(column));
    } catch (error) {
      console.warn(error.message);
    }
  }

  #draw() {
    const { stream, left, charts, parts, along, measure } = this;
    if (!stream) return;
    const { fields } = stream.fidelity, timeline = new Timeline(fields, stream.evidence);
    const events = JSON.stringify(stream.alerts.map((each) => each.alert_id));
    if (!fields.record.length) charts.fidelity.empty("No batch has been measured yet.");
    else charts.fidelity.show(JSON.stringify([stream.fidelity, stream.glance.batch?.batch_id, measure, along, events]), () => fidelityChart(stream, measure, along, timeline));
    if (!Object.keys(stream.evidence.kinds).length) charts.evidence.empty("Drift is not watched yet: a reference is being learnt.");
    else charts.evidence.show(JSON.stringify([stream.evidence, along, events]), () => evidenceChart(stream, along, timeline));
    if (!left || left.reason) {
      charts.residuals.empty(left?.reason ?? "Another worker holds this stream: its page shows this.");
      return;
    }
    this.residual ??= left.columns[0].column;
    const names = left.columns.map(({ column }) => [column, column]);
    replaceWhenChanged(parts.residuals, names, () => select("Measured column", "residual", names, this.residual, (value) => { this.residual = value; this.#draw(); }));
    charts.residuals.show(JSON.stringify([left, this.residual, along, events]), () => residualChart(stream, left, this.residual, along, timeline));
  }
}

function progress(training, pending, waiting) {
  if (!pending) return null;
  const known = training && training.steps > 0;
  const text = !training ? "asked for, not begun yet" : [training.phase, known ? `step ${training.step} of ${training.steps}` : null,
    training.seconds_left === null ? null : `${plural(Math.ceil(training.seconds_left), "second")} left`].filter(Boolean).join(", ");
  return html("p", { class: "training" }, html("b", {}, `A new batch is being made (${pending}): `),
    html("progress", { "aria-label": "how far the training is", max: known ? training.steps : null, value: known ? training.step : null }),
    ` ${text}.${waiting ? " The stream waits for it." : ""}`);
}
