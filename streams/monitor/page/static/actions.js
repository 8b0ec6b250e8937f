// What a person may do to a stream. Without a token on the worker the page is read-only, and nothing stands here.

import { html, replaceWhenChanged, setText } from "./dom.js";

const TOKEN = "halflife token", NAME = "halflife name";

/** The place of the actions in the page of a stream. */
export class Actions {
  constructor(stream) {
    this.stream = stream;
    this.waits = html("div", { class: "waits" });
    this.said = html("p", { class: "said", role: "status" });
    this.reason = field("Why, or what there is to note", { id: "reason", maxlength: 500, size: 42 });
    this.first = field("from record", { id: "first", type: "number", min: 0, inputmode: "numeric" });
    this.last = field("to record", { id: "last", type: "number", min: 0, inputmode: "numeric" });
    this.name = field("Your name", { id: "person", maxlength: 100, autocomplete: "name", value: localStorage.getItem(NAME) ?? "" });
    this.token = field("Token of this worker", { id: "token", type: "password", autocomplete: "off", value: sessionStorage.getItem(TOKEN) ?? "" });
    const act = (text, action, more) => html("button", { type: "button", onclick: () => this.#order({ action, ...more?.() }) }, text);
    const stretch = () => ({ first: this.#number(this.first), last: this.#number(this.last) });
    this.element = html("section", { id: "actions", "aria-labelledby": "actions-title", hidden: true },
      html("h2", { id: "actions-title" }, "Decide"),
      this.waits,
      html("details", { "data-name": "decide" }, html("summary", {}, "What you can do, and in whose name"),
        html("form", { class: "orders", onsubmit: (event) => event.preventDefault() },
          html("p", {}, this.name.element, this.token.element),
          html("p", {}, this.reason.element),
          html("p", {}, act("Make a new batch now", "regenerate"), act("Note it", "annotate")),
          html("p", {}, this.first.element, this.last.element, act("Mark as an instrument's fault", "fault", stretch)),
          html("p", { class: "soft" }, "Records marked as a fault are kept out of trainings and of what counts as normal. Everything stands in the history below, with your name."))),
      this.said);
  }

  /** Called with each news of the stream. */
  take(glance) {
    this.element.hidden = !glance.orders;
    if (this.element.hidden) return;
    const { held, asks, change } = glance;
    replaceWhenChanged(this.waits, [held?.batch_id, asks], () => {
      if (held) {
        const order = (action) => () => this.#order({ action, batch_id: held.batch_id });
        return html("div", { class: "asked" },
          html("p", {}, html("b", {}, `Batch ${held.batch_id.slice(0, 8)} waits for you. `), "It was made from records after the change, and the gate finds it better. If the instrument is well, approve it; if this was a fault, mark these records instead."),
          html("p", {}, html("button", { type: "button", class: "main", onclick: order("approve") }, "Approve"), html("button", { type: "button", onclick: order("reject") }, "Reject")));
      }
      return asks ? html("p", { class: "asked" }, "A batch of the records since the change is made next, and will wait for you here.") : null;
    });
    if (change && !this.touched) {
      this.first.input.value ||= change.change_point ?? "";
      this.last.input.value ||= Math.max(0, glance.records - 1);
      this.touched = true;
    }
  }

  #number({ input }) {
    return input.value === "" ? null : Number(input.value);
  }

  async #order(order) {
    const token = this.token.input.value.trim(), by = this.name.input.value.trim();
    if (!token) {
      this.element.querySelector("details").open = true;
      this.token.input.focus();
      setText(this.said, "Enter the token of this worker first: whoever runs it has it.");
      return;
    }
    sessionStorage.setItem(TOKEN, token);
    localStorage.setItem(NAME, by);
    setText(this.said, "Sending …");
    try {
      const answer = await fetch(`streams/${encodeURIComponent(this.stream)}/orders`, {
        method: "POST", signal: AbortSignal.timeout(30000),
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
        body: JSON.stringify({ ...order, by, reason: this.reason.input.value.trim() }),
      });
      if (answer.ok) this.reason.input.value = "";
      setText(this.said, answer.ok ? "Kafka has it; what comes of it stands below in a moment." : (await answer.text()).trim());
    } catch (error) {
      setText(this.said, `It did not arrive: ${error.message}`);
    }
  }
}

function field(label, attributes) {
  const input = html("input", attributes);
  return { input, element: html("label", { class: "field" }, `${label} `, input) };
}
