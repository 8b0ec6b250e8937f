// What the batches of a stream have kept of their birth, small enough for a line.

import { svg } from "./dom.js";
import { share } from "./words.js";

const WIDTH = 200, HEIGHT = 44, TOP = 1.1;

/**
 * A sparkline; its gaps are where one batch took over from another.
 *
 * @param {[number[], number[], number[]]} spark records, shares kept, numbers of batches
 * @param {number} keep what is promised to be kept
 * @param {boolean | null} under whether less is kept, beyond noise; null if the batch in circulation is not measured yet
 */
export function sparkline([records, shares, batches], keep, under) {
  const last = shares.at(-1);
  const words = last === undefined ? "not measured yet" : under === null ? "what batches before kept of their fidelity at birth"
    : `kept ${share(last)} of its fidelity at birth; ${share(keep)} is promised`;
  const drawing = svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": words });
  const y = (value) => HEIGHT - 3 - (HEIGHT - 6) * Math.min(1, Math.max(0, value / TOP));
  drawing.append(svg("path", { class: "limit", d: `M0 ${y(keep).toFixed(1)}H${WIDTH}` }));
  if (last === undefined) return drawing;
  const low = records[0], high = Math.max(records.at(-1), low + 1);
  const x = (record) => 3 + (WIDTH - 6) * (record - low) / (high - low);
  let path = "";
  shares.forEach((value, i) => {
    const begins = i === 0 || batches[i] !== batches[i - 1];
    path += `${begins ? "M" : "L"}${x(records[i]).toFixed(1)} ${y(value).toFixed(1)}${begins ? "h.01" : ""}`;
  });
  drawing.append(svg("path", { class: "line", d: path }));
  if (under !== null) drawing.append(svg("path", { class: `dot ${under ? "under" : ""}`, d: `M${x(records.at(-1)).toFixed(1)} ${y(last).toFixed(1)}h.01` }));
  return drawing;
}
