// Charts by plotly.js in the colours of the page, drawn again without flicker.

import { html } from "./dom.js";

let loading = null;

/** plotly.js, fetched when the first chart is due. */
function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = html("script", { src: "static/plotly.min.js", onload: () => resolve(window.Plotly), onerror: () => {
      loading = null;
      script.remove();
      reject(new Error("plotly.js cannot be fetched"));
    } });
    document.head.append(script);
  });
  return loading;
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const coarse = window.matchMedia("(pointer: coarse)");

/** A colour of the page by its name in base.css. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The same colour, to see through. */
export function tint(name, opacity) {
  const hex = colour(name).slice(1);
  const full = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
  const [r, g, b] = [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16));
  return `rgba(${r}, ${g}, ${b}, ${opacity})`;
}

function axis(more) {
  return {
    gridcolor: colour("line"), linecolor: colour("soft"), tickcolor: colour("line"), zeroline: false,
    showline: false, ticks: "outside", ticklen: 4, fixedrange: true, automargin: true,
    tickfont: { color: colour("soft"), size: 12 }, ...more,
    title: { ...more.title, font: { color: colour("soft"), size: 12 }, standoff: 8 },
  };
}

/** A chart in its frame, with words below it for those who cannot see it, or want to know. */
export class Chart {
  /**
   * @param {string} name what it shows, for the ears
   * @param {number} height in pixels
   */
  constructor(name, height = 280) {
    this.name = name;
    this.plot = html("div", { class: "plot", role: "img", "aria-label": name });
    this.plot.style.height = `${height}px`;
    this.words = html("figcaption");
    this.element = html("figure", {}, this.plot, this.words);
    this.wanted = null;
    this.redraw = () => { if (this.wanted) this.#draw(); };
    dark.addEventListener("change", this.redraw);
    this.sizes = new ResizeObserver(() => this.#fit());
    this.sizes.observe(this.plot);
  }

  /**
   * Shows traces; the same again costs nothing.
   *
   * @param {string} key changes with what is shown
   * @param {() => {traces: object[], layout: object, words: string}} make in the colours of now
   */
  show(key, make) {
    if (this.key === key) return;
    this.key = key;
    this.wanted = make;
    this.#draw();
  }

  /** Says why there is nothing to show. */
  empty(text) {
    if (this.key === `empty ${text}`) return;
    this.key = `empty ${text}`;
    this.wanted = null;
    if (this.drawn) window.Plotly.purge(this.plot);
    this.drawn = false;
    this.plot.hidden = true;
    this.words.replaceChildren(text);
  }

  leave() {
    dark.removeEventListener("change", this.redraw);
    this.sizes.disconnect();
    this.wanted = null;
    if (this.drawn) window.Plotly.purge(this.plot);
  }

  async #draw() {
    const make = this.wanted, { words } = make();
    this.plot.hidden = false;
    this.plot.setAttribute("aria-label", `${this.name}: ${words}`);
    this.words.replaceChildren(words);
    let library;
    try {
      library = await plotly();
    } catch (error) {
      console.warn(error.message);
      this.key = null; // at the next news it is tried again
      return;
    }
    if (this.wanted !== make || !this.plot.isConnected) return;
    const { traces, layout } = make();
    const { xaxis, yaxis, ...rest } = layout;
    await library.react(this.plot, traces, {
      margin: { l: 48, r: 14, t: 26, b: 40 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "x unified",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("ink") }, dragmode: coarse.matches ? false : "zoom",
      hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("ink") } },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, xanchor: "left", font: { color: colour("ink"), size: 12 } },
      uirevision: "kept", ...rest, xaxis: axis({ fixedrange: coarse.matches, showgrid: false, ...xaxis }), yaxis: axis(yaxis),
    }, { displayModeBar: false, responsive: false, doubleClick: "reset" });
    this.drawn = true;
  }

  #fit() {
    const width = this.plot.clientWidth;
    if (!this.drawn || width === this.width || !width) return;
    this.width = width;
    window.Plotly.Plots.resize(this.plot);
  }
}
