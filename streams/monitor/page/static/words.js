// Numbers, times and names as people read them.

export const KINDS = {
  "column": "single columns",
  "given-set-points": "measured, given the set-points",
  "joint": "columns together",
  "category": "categories",
  "tail": "extreme values",
  "missing": "missing cells",
  "planner": "set-points (no fault)",
  "pause": "timing",
  "rate": "timing",
};
export const PARTS = {
  columns: "each column alone",
  pairs: "pairs of columns",
  joint: "all columns together",
  predictive: "what predicts the measured ones",
};
export const CAUSES = {
  first: "first batch", fidelity: "fidelity too low", drift: "drift", forecast: "would expire soon",
  schedule: "on schedule", hand: "asked for by hand",
};

export const count = (n) => Math.round(n).toLocaleString("en");
export const plural = (n, word, many = `${word}s`) => `${count(n)} ${n === 1 ? word : many}`;
export const share = (x) => (x === null || x === undefined ? "–" : x.toFixed(2));
export const sentence = (text) => (text ? `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? "" : "."}` : "");

/** A number with as many digits as it deserves. */
export function number(x) {
  if (x === null || x === undefined) return "–";
  if (x !== 0 && (Math.abs(x) >= 1e6 || Math.abs(x) < 1e-3)) return x.toExponential(2);
  return Number(x.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 6 });
}

/** A length of time in one unit. */
export function duration(seconds) {
  for (const [size, unit] of [[86400, "day"], [3600, "hour"], [60, "minute"]]) {
    if (seconds >= 1.5 * size) return plural(Math.round(seconds / size), unit);
  }
  return plural(Math.max(0, Math.round(seconds)), "second");
}

export const ago = (seconds) => (seconds < 1 ? "now" : `${duration(seconds)} ago`);

/** A day and a time of day on this machine's clock. */
export function date(seconds) {
  if (!seconds) return "–";
  return new Date(seconds * 1000).toLocaleString("sv").slice(0, 16);
}
