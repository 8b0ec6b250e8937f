// The page: which view is shown, and what is told to it.

import { listen } from "./connection.js";
import { setText } from "./dom.js";
import { Lab } from "./lab.js";
import { Stream } from "./stream.js";

const content = document.getElementById("content");
const connection = document.getElementById("connection");
let state = null, view = null;

/** The view of an address: `#/stream/NAME` is a stream, anything else the lab. */
function viewOf(hash) {
  const found = /^#\/stream\/([^/?]+)/.exec(hash);
  return found ? new Stream(decodeURIComponent(found[1])) : new Lab();
}

function show() {
  const next = viewOf(location.hash);
  if (view?.key === next.key) return;
  const first = view === null;
  view?.leave?.();
  view = next;
  content.replaceChildren(view.element);
  if (state) view.take(state);
  retitle();
  if (first) return;
  window.scrollTo(0, 0);
  content.focus({ preventScroll: true }); // who reads with the ears is taken along
}

function retitle() {
  const look = state ? Object.values(state.streams).filter((each) => ["bad", "warning"].includes(each.standing.tone)).length : 0;
  document.title = `${look ? `(${look}) ` : ""}${view.title}`;
}

function take(told) {
  state = told;
  view.take(state);
  retitle();
}

function presence(away, heard) {
  const time = heard ? new Date(heard).toLocaleTimeString("sv") : "";
  connection.classList.toggle("away", away);
  const text = away
    ? heard ? `The worker does not answer. This is of ${time}.` : "The worker does not answer."
    : "live";
  setText(connection.firstElementChild, text);
  document.body.classList.toggle("stale", away && heard > 0);
}

window.addEventListener("hashchange", show);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address stays that of the view
  content.focus();
});
show();
listen(take, presence);
