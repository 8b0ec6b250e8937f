// Records, times and what happened at them, on one axis.

import { colour } from "./chart.js";
import { count, date } from "./words.js";

const narrow = window.matchMedia("(max-width: 620px)");
const MOST = 24; // lines in one chart: the latest

/** Where a record lies in time, by the records whose times are known. */
export class Timeline {
  /** @param {...{record: number[], time: number[]}} known records, rising, with seconds since 1970 */
  constructor(...known) {
    const pairs = known.flatMap(({ record, time }) => record.map((each, i) => [each, time[i]]));
    this.pairs = pairs.filter(([, time]) => time).sort((a, b) => a[0] - b[0]);
  }

  time(record) {
    const { pairs } = this;
    if (!pairs.length) return null;
    const after = pairs.findIndex(([each]) => each >= record);
    if (after === 0 || pairs.length === 1) return pairs[0][1];
    if (after < 0) return pairs.at(-1)[1];
    const [[r0, t0], [r1, t1]] = [pairs[after - 1], pairs[after]];
    return r1 === r0 ? t1 : t0 + (t1 - t0) * (record - r0) / (r1 - r0);
  }

  /** A record as the axis has it: itself, or its time. */
  at(record, along) {
    return along === "time" ? new Date(this.time(record) * 1000) : record;
  }
}

/** The axis at the bottom. */
export const bottom = (along) => ({
  title: { text: along === "time" ? "time of the records" : along === "age" ? "age of the batch, records" : "record" },
  ...(along === "time" ? { type: "date" } : { tickformat: ",d", rangemode: along === "age" ? "tozero" : "normal" }),
});

/** What hovering says of a place. */
export const place = (record, time) => `record ${count(record)}${time ? `, ${date(time)}` : ""}`;

/**
 * Change points, alarms and new batches as lines through a chart, with words at the top.
 *
 * @param {[number, number]} range first and last record that the chart shows
 */
export function marks(events, timeline, along, range) {
  if (along === "age") return { shapes: [], annotations: [] };
  const shown = apart(events.filter((each) => each.record >= range[0]).slice(-MOST), range);
  const shapes = shown.map((each) => ({
    type: "line", xref: "x", yref: "paper", y0: 0, y1: 1, x0: timeline.at(each.record, along), x1: timeline.at(each.record, along),
    line: { color: colour(each.colour), width: each.strong ? 2 : 1, dash: each.dash },
  }));
  const annotations = shown.filter((each) => !each.crowded).map((each) => ({
    xref: "x", yref: "paper", x: timeline.at(each.record, along), y: 1, yanchor: "bottom", showarrow: false,
    text: each.word, font: { size: 11, color: colour(each.colour) },
  }));
  return { shapes, annotations };
}

/** What happened to a stream, for `marks`. */
export function eventsOf(stream) {
  const found = [];
  for (const alert of stream.alerts) {
    if (alert.kind !== "drift" || alert.status !== "firing") continue;
    const change = alert.change_point ?? alert.record;
    found.push({ record: change, word: "◆ change", colour: "bad", dash: "dot", strong: true });
    if (alert.record !== change) found.push({ record: alert.record, word: "alarm", colour: "bad", dash: "solid" });
  }
  const { record = [], batch = [] } = stream.fidelity.fields;
  for (let i = 1; i < record.length; i += 1) {
    if (batch[i] !== batch[i - 1]) found.push({ record: record[i], word: "new batch", colour: "soft", dash: "dash" });
  }
  return found.sort((a, b) => a.record - b.record);
}

/** Words of neighbours that would lie over each other are left out; their lines stay. */
function apart(events, [low, high]) {
  const room = narrow.matches ? 2.8 : 6;
  let last = -Infinity;
  return events.map((each) => {
    const crowded = each.record - last < (high - low) / room;
    if (!crowded) last = each.record;
    return { ...each, crowded };
  });
}
