/** The page of a run: one selected span, and every figure follows it. */

import { ask, page } from "./answers.js";
import { Flamegraph } from "./flamegraph.js";
import { keep, kept } from "./kept.js";
import { ReportTable } from "./reporttable.js";
import { seriesDrawing } from "./serieslines.js";
import { slotsOf } from "./slots.js";
import { SpanChart } from "./spanchart.js";
import { domainDrawing } from "./timeline.js";
import { Treemap } from "./treemap.js";

const BINS = 240;
const HINT =
  "Drag over the timeline to select a span. Times are seconds from the start of the run.";

/** A time as the fields and references have it. */
const written = (seconds) => seconds.toFixed(3);

/** @param {ParentNode} within */
const one = (selector, within = document) => within.querySelector(selector);

class RunPage {
  #root;
  #run;
  #slots;
  #spanForm = one("[data-span-form]");
  #byForm = one("[data-by-form]");
  #report = new ReportTable();
  /** @type {SpanChart[]} */
  #charts = [];
  /** The span that the figures show, null for the whole run. */
  #applied;
  #shown = location.search;
  #loading = new AbortController();

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#run = root.dataset.run;
    this.#slots = slotsOf(root);
    this.#applied = this.#span();
    this.#listen();
    this.#drawTimeline();
    this.#figures();
  }

  get #fields() {
    return this.#spanForm.elements;
  }

  /** The span that the fields hold, null for the whole run. */
  #span() {
    const { from, to } = this.#fields;
    if (!from.value && !to.value) return null;
    return { from: Number(from.value || 0), to: Number(to.value || this.#root.dataset.runEnd) };
  }

  /** The span that the figures show, as the command line writes it. */
  get #reference() {
    if (!this.#applied) return this.#run;
    return `${this.#run}@${written(this.#applied.from)}..${written(this.#applied.to)}`;
  }

  /** The part of the view that the forms describe: span and event. */
  #spanQuery() {
    const query = new URLSearchParams();
    for (const name of ["from", "to", "event"]) {
      if (this.#fields[name].value) query.set(name, this.#fields[name].value);
    }
    return query;
  }

  /** The keys that are ticked. */
  #keys() {
    return [...this.#byForm.querySelectorAll("[name=by]:checked")].map((box) => box.value);
  }

  /** The address of the view that the forms describe. */
  #address() {
    const query = this.#spanQuery();
    for (const key of this.#keys()) query.append("by", key);
    if (this.#byForm.elements.children.checked) query.set("children", "1");
    return `/runs/${this.#run}?${query}`;
  }

  #listen() {
    const { from, to, event: eventField } = this.#fields;
    this.#spanForm.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go();
    });
    one("[data-whole]").addEventListener("click", (event) => {
      event.preventDefault();
      from.value = to.value = "";
      this.#go();
    });
    eventField.addEventListener("change", () => location.assign(this.#address()));
    one("[data-by-submit]").hidden = true;
    this.#byForm.addEventListener("submit", (event) => event.preventDefault());
    this.#byForm.addEventListener("change", (event) => {
      if (!this.#keys().length) event.target.checked = true;
      this.#go();
    });
    one("[data-span-keep]").hidden = false;
    one("[data-keep]").addEventListener("click", () => this.#keep());
    addEventListener("popstate", () => {
      // a jump within the page is not another view
      if (location.search !== this.#shown) location.reload();
    });
  }

  /** Shows what the forms describe. */
  async #go() {
    for (const chart of this.#charts) chart.show(this.#span());
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.#root.setAttribute("aria-busy", "true");
    try {
      this.#take(await page(this.#address(), signal));
    } catch (error) {
      if (!signal.aborted) this.#say(error.message);
    }
    if (!signal.aborted) this.#root.removeAttribute("aria-busy");
  }

  /** Takes the figures over from the server's page of another view. @param {Document} next */
  #take(next) {
    const refusal = one(".error-page h1 + p", next) ?? one("[data-part=problem] .notice", next);
    if (refusal) return this.#say(refusal.textContent);
    history.pushState(null, "", this.#address());
    this.#shown = location.search;
    for (const part of document.querySelectorAll("[data-part]")) {
      const other = one(`[data-part="${part.dataset.part}"]`, next);
      if (other) part.replaceChildren(...other.childNodes);
    }
    this.#applied = this.#span();
    this.#say(HINT);
    this.#figures();
  }

  #say(sentence) {
    const hint = one("[data-span-hint]");
    hint.setAttribute("role", "status");
    hint.textContent = sentence;
  }

  async #drawTimeline() {
    const query = new URLSearchParams({ bins: BINS, event: this.#fields.event.value });
    try {
      const timeline = await ask(`/api/runs/${this.#run}/timeline?${query}`);
      this.#chart(one("[data-timeline]"), domainDrawing(timeline, this.#slots));
      this.#say(HINT);
      await this.#drawSeries(timeline);
    } catch (error) {
      this.#say(error.message);
    }
  }

  /** Draws what ports and disks did over the same time. */
  async #drawSeries({ start_s: from, bin_s: bin, bins }) {
    const frames = document.querySelectorAll("[data-series]");
    if (!frames.length) return;
    const query = new URLSearchParams({ bins, from, to: from + bins * bin });
    const series = await ask(`/api/runs/${this.#run}/series?${query}`);
    for (const frame of frames) {
      const group = series.groups.find(({ name }) => name === frame.dataset.series);
      if (group) this.#chart(frame, seriesDrawing(series, group));
    }
  }

  /** Puts a chart into a frame; a span that is chosen on one is chosen on all. */
  #chart(frame, drawing) {
    const chart = new SpanChart(frame, drawing, (span, final) => {
      this.#fields.from.value = span ? written(span.from) : "";
      this.#fields.to.value = span ? written(span.to) : "";
      for (const other of this.#charts) if (other !== chart) other.show(span);
      if (final) this.#go();
    });
    this.#charts.push(chart);
    chart.show(this.#span());
  }

  /** Makes the server's still pictures and tables live. */
  #figures() {
    const query = this.#spanQuery();
    this.#fill("[data-treemap]", `tree?${query}`, Treemap);
    this.#fill("[data-flame]", `flame?${query}`, Flamegraph);
    this.#report.take(one("[data-sortable]"));
    this.#offerComparison();
  }

  /** Draws a figure, unless another view was asked for meanwhile. */
  async #fill(selector, path, Figure) {
    const { signal } = this.#loading;
    try {
      const tree = await ask(`/api/runs/${this.#run}/${path}`, { signal });
      if (!signal.aborted) new Figure(one(selector), tree, this.#slots);
    } catch {
      // the still picture of the server stays, with the table below it
    }
  }

  #keep() {
    keep(this.#reference);
    this.#say(`Kept ${this.#reference} as A. Select another span, here or in another run.`);
    this.#offerComparison();
  }

  #offerComparison() {
    const link = one("[data-compare]");
    const before = kept();
    link.hidden = !before || before === this.#reference;
    if (!before) return;
    const query = new URLSearchParams({ before, after: this.#reference });
    for (const key of this.#keys()) query.append("by", key);
    link.href = `/diff?${query}`;
    link.title = `A is ${before}`;
  }
}

const root = document.getElementById("run");
if (root) new RunPage(root);
