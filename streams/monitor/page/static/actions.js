// What a person may do to a stream. Without a token the page is read-only, and nothing stands here.

import { html } from "./dom.js";

/** The place of the actions in the page of a stream. */
export class Actions {
  constructor() {
    this.element = html("section", { id: "actions", "aria-label": "Actions", hidden: true });
  }

  /** Called with each news of the stream. */
  take() {}
}
