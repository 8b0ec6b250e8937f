// One column: real records of now beside the batch, and beside what it was born from.

import { colour, tint } from "./chart.js";
import { count, number } from "./words.js";

/** Traces and layout of a distribution: bins, single values, or levels. */
export function columnChart(column) {
  const { shape } = column, named = shape.levels ?? shape.values?.map(number);
  const sides = [["real", "real, now", "real"], ["synthetic", "synthetic", "synthetic"], ["birth", "real, when the batch was made", "soft"]];
  const known = sides.filter(([side]) => shape[side]);
  const traces = named ? known.map((side) => bars(shape, side, named)) : known.map((side) => steps(shape, side));
  const unit = column.unit && column.unit !== "1" ? `, ${column.unit}` : "";
  const layout = {
    xaxis: { title: { text: `${column.column}${unit}` }, ...(named ? { type: "category" } : {}) }, barmode: "group", bargap: 0.25,
    yaxis: { title: { text: "share of the rows" }, rangemode: "tozero", tickformat: ".0%" },
    legend: { orientation: "h", y: -0.26, yanchor: "top", x: 0 }, margin: { l: 48, r: 14, t: 10, b: 80 },
  };
  return { traces, layout, words: words(column) };
}

function bars(shape, [side, name, paint], named) {
  const texts = shape.others ? [...named, `${shape.others} others`] : named;
  return {
    x: texts, y: shape[side], type: "bar", name, hovertemplate: "%{y:.1%}",
    marker: { color: side === "synthetic" ? "rgba(0,0,0,0)" : tint(paint, side === "birth" ? 0.25 : 0.6), line: { color: colour(paint), width: 2 },
      pattern: side === "synthetic" ? { shape: "/", fgcolor: colour(paint), bgcolor: "rgba(0,0,0,0)", size: 6 } : undefined },
  };
}

function steps(shape, [side, name, paint]) {
  const x = shape.edges.flatMap((edge) => [edge, edge]).slice(1, -1), y = shape[side].flatMap((each) => [each, each]);
  return {
    x, y, type: "scatter", mode: "lines", name, hovertemplate: "%{y:.1%}", fill: side === "real" ? "tozeroy" : "none", fillcolor: tint(paint, 0.25),
    line: { color: colour(paint), width: side === "birth" ? 1.5 : 2.2, dash: { real: "solid", synthetic: "dash", birth: "dot" }[side], shape: "linear" },
  };
}

function words({ column, distance, measure, p_value: p, beyond_noise: differs, real }) {
  const which = `real records ${count(real.first)} to ${count(real.last)}`;
  if (distance === null) return `${column}: nothing to compare with ${which}.`;
  const how = differs ? "differ by more than noise" : "differ by no more than noise";
  const chance = p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`;
  const name = measure === "KS" ? "Kolmogorov-Smirnov distance" : "total variation distance";
  return `${column}: the batch and ${which} ${how} (${name} ${distance.toFixed(2)}, ${chance}).`;
}
