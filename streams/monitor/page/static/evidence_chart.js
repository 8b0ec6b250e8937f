// Evidence for drift of each kind beside the threshold at which it alarms.

import { bottom, eventsOf, marks, place } from "./axis.js";
import { colour } from "./chart.js";
import { KINDS } from "./words.js";

const COLOURS = ["real", "synthetic", "third", "fourth", "fifth", "ink"];
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];

/** Traces and layout: each kind as a share of its threshold, so that 1 is an alarm for all. */
export function evidenceChart(stream, along, timeline) {
  const { record, time, kinds } = stream.evidence, axis = along === "age" ? "record" : along;
  const x = record.map((each) => timeline.at(each, axis));
  const traces = Object.entries(kinds).map(([kind, { statistic, threshold }], n) => ({
    x, y: statistic.map((each, i) => (each === null ? null : Math.max(0, each / threshold[i]))), type: "scatter", mode: "lines",
    name: KINDS[kind] ?? kind, line: { color: colour(COLOURS[n % 6]), dash: DASHES[n % 6], width: 2 }, connectgaps: false,
    customdata: statistic.map((each, i) => [each?.toFixed(1), threshold[i]?.toFixed(1), place(record[i], time[i])]),
    hovertemplate: "%{customdata[0]} of %{customdata[1]} nats",
  }));
  const alarms = alarmsOf(stream, timeline, axis);
  if (alarms) traces.push(alarms);
  const lines = marks(eventsOf(stream), timeline, axis, [record[0], record.at(-1)]);
  const top = Math.max(1.2, ...traces.flatMap((trace) => trace.y.filter((each) => each !== null))) * 1.08;
  const layout = {
    xaxis: bottom(axis), yaxis: { range: [0, Math.min(top, 3)], title: { text: "share of the threshold" } },
    shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, yref: "y", y0: 1, y1: 1, line: { color: colour("ink"), width: 1.5, dash: "dash" },
      label: { text: "alarm", textposition: "start", yanchor: "bottom", font: { size: 11, color: colour("soft") } } }, ...lines.shapes],
    annotations: lines.annotations,
    legend: { orientation: "h", y: -0.24, yanchor: "top", x: 0 }, margin: { l: 48, r: 14, t: 22, b: 90 },
  };
  return { traces, layout, words: words(kinds) };
}

/** Where an alarm was given: the evidence crosses the threshold in that record, and begins again. */
function alarmsOf(stream, timeline, axis) {
  const given = stream.alerts.filter((each) => each.kind === "drift" && each.status === "firing" && each.threshold);
  if (!given.length) return null;
  return {
    x: given.map((each) => timeline.at(each.record, axis)), y: given.map((each) => each.statistic / each.threshold), type: "scatter", mode: "markers", name: "alarm",
    marker: { symbol: "x", size: 10, color: colour("bad") }, customdata: given.map((each) => [each.statistic.toFixed(1), each.threshold.toFixed(1)]),
    hovertemplate: "%{customdata[0]} of %{customdata[1]} nats",
  };
}

function words(kinds) {
  const now = Object.entries(kinds).map(([kind, { statistic, threshold }]) => [kind, statistic.at(-1), threshold.at(-1)]).filter(([, each]) => each !== null);
  if (!now.length) return "Drift is not watched just now: a reference is being learnt.";
  const told = now.map(([kind, each, at]) => `${KINDS[kind] ?? kind} ${Math.max(0, each).toFixed(1)} of ${at.toFixed(1)}`);
  return `Now, in nats: ${told.join("; ")}.`;
}
