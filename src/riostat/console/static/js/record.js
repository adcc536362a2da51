/** The record-now form: starts a recording, shows its progress in place, ends at the run. */

import { ask } from "./answers.js";
import { html } from "./dom.js";

/** What is said of a recording that is as it is. @returns {(Node | string)[]} */
function account(recording) {
  if (recording.state === "failed") return [recording.problem];
  if (recording.state === "running") {
    return [`Recording: ${recording.elapsed_s.toFixed(0)} of ${recording.seconds} s`];
  }
  const { run } = recording;
  return ["Recorded. ", html("a", { href: `/runs/${run}`, "data-recorded": run }, `Open ${run}`)];
}

/** The form, which also works without this. */
export class RecordForm {
  #form;
  #status;
  #progress;
  #button;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
    this.#status = form.querySelector("[data-record-status]");
    this.#progress = form.querySelector("[data-record-progress]");
    this.#button = form.querySelector("button[type=submit]");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start();
    });
    const running = this.#status.querySelector("a[href^='/recordings/']");
    if (running) this.#resume(running.getAttribute("href").split("/").pop());
  }

  async #start() {
    const { event, seconds, frequency_hz: frequency } = this.#form.elements;
    const wanted = {
      event: event.value,
      seconds: Number(seconds.value),
      frequency_hz: Number(frequency.value),
    };
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify(wanted);
    this.#button.disabled = true;
    try {
      this.#follow(await ask("/api/record", { method: "POST", headers, body }));
    } catch (error) {
      this.#refused(error);
    }
  }

  #resume(id) {
    ask(`/api/recordings/${id}`).then(
      (recording) => this.#follow(recording),
      (error) => this.#refused(error),
    );
  }

  #follow(recording) {
    this.#show(recording);
    if (recording.state !== "running") return;
    const events = new EventSource(`/api/recordings/${recording.id}/events`);
    events.addEventListener("recording", (event) => {
      const now = JSON.parse(event.data);
      this.#show(now);
      if (now.state !== "running") events.close();
    });
    events.addEventListener("error", () => {
      if (events.readyState === EventSource.CLOSED) this.#resume(recording.id);
    });
  }

  #show(recording) {
    const running = recording.state === "running";
    this.#button.disabled = running;
    this.#progress.hidden = !running;
    this.#progress.value = recording.fraction;
    this.#status.replaceChildren(...account(recording));
  }

  #refused(error) {
    this.#button.disabled = false;
    this.#progress.hidden = true;
    this.#status.replaceChildren(error.message);
  }
}
