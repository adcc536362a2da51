/**
 * A chart over the time of a run on which a span is selected, by dragging, or with the arrow keys on
 * the focused chart.  What is drawn on it is another's.
 */

import uPlot from "../vendor/uplot-1.6.32/uPlot.esm.js";
import { html, onWidth } from "./dom.js";
import { resolved } from "./slots.js";
import { tipIn } from "./tip.js";

const SMALLEST_DRAG = 4;
const ROUNDING = 1e-9;
const HOW =
  "Left and right arrows move the selected span, with Shift they stretch it, " +
  "Enter applies it, Escape selects the whole run.";

/** The width of the scale at the left, the same for all, so that their times stand in line. */
export const SCALE_WIDTH = 64;

/** What is left free around the charts, for the same reason. */
export const PADDING = [8, 24, 0, 0];

/**
 * @typedef {{from: number, to: number}} Span
 * @typedef {{label: string, start: number, end: number, bin: number, bins: number,
 *   data: (number | null)[][], options: (width: number) => object,
 *   reading: (bin: number) => Node[]}} Drawing  `data` begins with the times
 */

/** What the axes of all charts share. */
export function axisStyle() {
  const rule = resolved("--rule");
  return {
    stroke: resolved("--ink-faint"),
    grid: { stroke: rule, width: 1 },
    ticks: { stroke: rule, width: 1, size: 4 },
    font: "12px 'Plex Sans', system-ui, sans-serif",
  };
}

/** The chart, in place of what the server drew. */
export class SpanChart {
  #frame;
  /** @type {Drawing} */
  #drawing;
  #onSpan;
  #tip;
  /** @type {Span | null} */
  #span = null;
  #veils = [
    html("div", { class: "veil veil-before", hidden: true }),
    html("div", { class: "veil veil-after", hidden: true }),
  ];
  /** @type {uPlot | null} */
  #chart = null;
  #width = 0;

  /**
   * @param {HTMLElement} frame
   * @param {Drawing} drawing
   * @param {(span: Span | null, final: boolean) => void} onSpan  final: chosen, not only moved
   */
  constructor(frame, drawing, onSpan) {
    this.#frame = frame;
    this.#drawing = drawing;
    this.#onSpan = onSpan;
    frame.replaceChildren();
    frame.classList.add("enhanced");
    frame.tabIndex = 0;
    frame.setAttribute("role", "group");
    frame.setAttribute("aria-label", `${drawing.label} ${HOW}`);
    this.#tip = tipIn(frame);
    frame.addEventListener("keydown", (event) => this.#press(event));
    document.addEventListener("themechange", () => this.#rebuild());
    onWidth(frame, (width) => {
      this.#width = width;
      this.#rebuild();
    });
  }

  /** Shows a span as selected, null for the whole run. @param {Span | null} span */
  show(span) {
    this.#span = span;
    this.#paint();
  }

  #rebuild() {
    if (!this.#width) return;
    this.#chart?.destroy();
    const wanted = this.#drawing.options(this.#width);
    const draw = [...(wanted.hooks?.draw ?? []), () => this.#paint()];
    this.#chart = new uPlot({ ...wanted, hooks: { draw } }, this.#drawing.data, this.#frame);
    const { over } = this.#chart;
    over.append(...this.#veils);
    over.addEventListener("pointerdown", (event) => this.#drag(event));
    over.addEventListener("pointermove", (event) => this.#read(event));
    over.addEventListener("pointerleave", () => this.#tip.hide());
  }

  /** Veils what is outside the span. */
  #paint() {
    const [before, after] = this.#veils;
    before.hidden = after.hidden = !this.#span;
    if (!this.#span || !this.#chart) return;
    const left = this.#chart.valToPos(this.#span.from, "x");
    const right = this.#chart.valToPos(this.#span.to, "x");
    before.style.width = `${Math.max(0, left)}px`;
    after.style.left = `${Math.min(this.#chart.over.clientWidth, right)}px`;
  }

  #timeAt(clientX) {
    const edge = this.#chart.over.getBoundingClientRect();
    const inside = Math.max(0, Math.min(clientX - edge.left, edge.width));
    return this.#chart.posToVal(inside, "x");
  }

  #choose(from, to, final) {
    const low = Math.max(this.#drawing.start, Math.min(from, to));
    const high = Math.min(this.#drawing.end, Math.max(from, to));
    this.show(high > low ? { from: low, to: high } : null);
    this.#onSpan(this.#span, final);
  }

  /** @param {PointerEvent} down */
  #drag(down) {
    if (down.button !== 0) return;
    const { over } = this.#chart;
    const before = this.#span;
    const start = this.#timeAt(down.clientX);
    const ended = new AbortController();
    const { signal } = ended;
    const isFar = ({ clientX }) => Math.abs(clientX - down.clientX) >= SMALLEST_DRAG;
    const giveUp = () => {
      ended.abort();
      this.show(before);
      this.#onSpan(before, false);
    };
    over.setPointerCapture(down.pointerId);
    const follow = (event) => {
      if (isFar(event)) this.#choose(start, this.#timeAt(event.clientX), false);
    };
    const release = (event) => {
      if (!isFar(event)) return giveUp();
      ended.abort();
      this.#choose(start, this.#timeAt(event.clientX), true);
    };
    over.addEventListener("pointermove", follow, { signal });
    over.addEventListener("pointerup", release, { signal });
    over.addEventListener("pointercancel", giveUp, { signal });
  }

  /** @param {PointerEvent} event */
  #read({ clientX, clientY }) {
    const { start, bin: width, bins } = this.#drawing;
    const bin = Math.floor((this.#timeAt(clientX) - start) / width);
    const content = this.#drawing.reading(Math.max(0, Math.min(bin, bins - 1)));
    this.#tip.show(content, clientX, clientY);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { start, end, bin } = this.#drawing;
    const { from, to } = this.#span ?? { from: start, to: start + (end - start) / 4 };
    const step = { ArrowLeft: -bin, ArrowRight: bin }[event.key];
    const fits = from + step >= start - ROUNDING && to + step <= end + ROUNDING;
    if (step && event.shiftKey) this.#choose(from, Math.max(from + bin, to + step), false);
    else if (step && fits) this.#choose(from + step, to + step, false);
    else if (event.key === "Enter" && this.#span) this.#choose(from, to, true);
    else if (event.key === "Escape" && this.#span) this.#choose(0, 0, true);
    else return;
    event.preventDefault();
  }
}
