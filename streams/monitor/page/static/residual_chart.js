// What the set-points do not explain, over the latest records.

import { bottom, eventsOf, marks } from "./axis.js";
import { colour, tint } from "./chart.js";
import { count } from "./words.js";

const COLOURS = ["real", "synthetic", "third", "fourth"];

/** Traces and layout: the median of each measured column, and the middle 80 % of the first. */
export function residualChart(stream, residuals, chosen, along, timeline) {
  const axis = along === "age" ? "record" : along, x = residuals.records.map((each) => timeline.at(each, axis));
  const column = residuals.columns.find((each) => each.column === chosen) ?? residuals.columns[0];
  const traces = [{
    x: [...x, ...x.slice().reverse()], y: [...column.high, ...column.low.slice().reverse()], fill: "toself", type: "scatter", mode: "lines",
    line: { width: 0 }, fillcolor: tint(COLOURS[0], 0.2), hoverinfo: "skip", name: "middle 80 %",
  }, {
    x, y: column.median, type: "scatter", mode: "lines+markers", marker: { size: 5 }, name: "median", line: { color: colour(COLOURS[0]), width: 2 },
    hovertemplate: "%{y:.2f} spreads",
  }];
  const lines = marks(eventsOf(stream), timeline, axis, [residuals.records[0], residuals.records.at(-1)]);
  const layout = {
    xaxis: bottom(axis), yaxis: { title: { text: "spreads from normal" } },
    shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, yref: "y", y0: 0, y1: 0, line: { color: colour("ink"), width: 1, dash: "dash" } }, ...lines.shapes],
    annotations: lines.annotations,
    legend: { orientation: "h", y: -0.26, yanchor: "top", x: 0 }, margin: { l: 48, r: 14, t: 22, b: 80 },
  };
  return { traces, layout, words: words(column, residuals) };
}

function words(column, { records, until }) {
  const last = column.median.findLast((each) => each !== null);
  const how = last === undefined ? "not judged" : `${Math.abs(last).toFixed(1)} spreads ${last < 0 ? "below" : "above"} what is normal`;
  const old = until === null ? "" : ` Normal is what it was before the change, up to record ${count(until)}.`;
  return `${column.column} at the same set-points: lately ${how} (0), over records ${count(records[0])} to ${count(records.at(-1))}.${old}`;
}
