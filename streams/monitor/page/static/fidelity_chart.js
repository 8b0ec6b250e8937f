// What the batches kept of their fidelity, or one part of it, over records, time or age.

import { bottom, eventsOf, marks, place } from "./axis.js";
import { colour, tint } from "./chart.js";
import { count, PARTS, share } from "./words.js";

/** The reports of each batch, in order: indices into the fields. */
function lives({ batch }) {
  const found = [];
  batch.forEach((each, i) => {
    if (i > 0 && batch[i - 1] === each) found.at(-1).push(i);
    else found.push([i]);
  });
  return found;
}

/**
 * Traces and layout of the chart.
 *
 * @param {object} stream as the worker tells it
 * @param {string} measure "kept", or a part of the fidelity
 * @param {"record" | "time" | "age"} along what the axis at the bottom counts
 */
export function fidelityChart(stream, measure, along, timeline) {
  const { fields } = stream.fidelity, kept = measure === "kept";
  const value = kept ? fields.retained : fields[`${measure}.value`];
  const low = kept ? fields.retained_low : fields[`${measure}.low`];
  const high = kept ? fields.retained_high : fields[`${measure}.high`];
  const xs = along === "age" ? fields.age_records : fields.record.map((record) => timeline.at(record, along));
  const runs = lives(fields), traces = [];
  const dashes = ["solid", "dash", "dot", "dashdot"], colours = ["real", "synthetic", "third", "fourth"];
  runs.forEach((run, n) => {
    const newest = n === runs.length - 1, line = along === "age" ? colours[n % 4] : "real";
    const x = run.map((i) => xs[i]), name = along === "age" ? `batch ${n + 1}` : kept ? "kept" : "fidelity";
    if (along !== "age" || newest) {
      traces.push({
        x: [...x, ...x.slice().reverse()], y: [...run.map((i) => high[i]), ...run.map((i) => low[i]).reverse()], fill: "toself", type: "scatter",
        mode: "lines", line: { width: 0 }, fillcolor: kept ? tint(line, 0.18) : tint("good", 0.2), hoverinfo: "skip",
        name: kept ? "its 90 % interval" : "fresh real samples (95 %)", showlegend: newest, legendgroup: "band",
      });
    }
    traces.push({
      x, y: run.map((i) => value[i]), type: "scatter", mode: run.length > 80 ? "lines" : "lines+markers", name, legendgroup: name,
      showlegend: newest || along === "age", line: { color: colour(line), width: 2, dash: along === "age" ? dashes[n % 4] : "solid" }, marker: { size: 5, color: colour(line) },
      customdata: run.map((i) => [place(fields.record[i], fields.time[i]), share(low[i]), share(high[i])]),
      hovertemplate: kept ? "%{y:.2f} kept (90 %: %{customdata[1]} to %{customdata[2]})<br>%{customdata[0]}<extra></extra>"
        : "%{y:.2f} (noise: %{customdata[1]} to %{customdata[2]})<br>%{customdata[0]}<extra></extra>",
    });
  });
  const layout = { yaxis: { range: [0, kept ? 1.25 : 1.05], title: { text: kept ? "share kept" : "fidelity" } }, xaxis: bottom(along), hovermode: "closest" };
  const lines = marks(eventsOf(stream), timeline, along, [fields.record[0], fields.record.at(-1)]);
  layout.shapes = [...(kept ? [limit(stream.glance.keep)] : []), ...lines.shapes];
  layout.annotations = lines.annotations;
  layout.legend = { orientation: "h", y: -0.24, yanchor: "top", x: 0 };
  layout.margin = { l: 48, r: 14, t: 22, b: 74 };
  return { traces, layout, words: words(stream, measure, value, low, high, runs.length) };
}

const limit = (keep) => ({
  type: "line", xref: "paper", x0: 0, x1: 1, yref: "y", y0: keep, y1: keep, line: { color: colour("ink"), width: 1.5, dash: "dash" },
  label: { text: `promised: ${keep}`, textposition: "start", yanchor: "bottom", font: { size: 11, color: colour("soft") } },
});

function words(stream, measure, value, low, high, batches) {
  const last = value.length - 1, at = `at record ${count(stream.fidelity.fields.record[last])}`;
  const { report, batch, keep } = stream.glance, current = report && batch && report.batch_id === batch.batch_id;
  const told = `${batches > 1 ? ` ${batches} batches.` : ""}${current ? "" : " The batch in circulation is not measured yet."}`;
  if (measure === "kept") {
    const which = current ? "The batch in circulation has" : "The batch before had";
    return `${which} kept ${share(value[last])} of its fidelity at birth (90 %: ${share(low[last])} to ${share(high[last])}) ${at}; dashed: ${keep} is promised.${told}`;
  }
  return `Fidelity of ${PARTS[measure]}: ${share(value[last])} ${at}; shaded: where fresh real samples of that size lie, ${share(low[last])} to ${share(high[last])}.${told}`;
}
