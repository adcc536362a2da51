/**
 * The timeline of a run: CPU share of each domain, stacked, with events as marks.  A span is
 * selected by dragging, or with the arrow keys on the focused chart.
 */

import uPlot from "../vendor/uplot-1.6.32/uPlot.esm.js";
import { html, onWidth } from "./dom.js";
import { resolved } from "./slots.js";
import { tipIn } from "./tip.js";
import { percent } from "./wording.js";

const HEIGHT = 240;
const TOPS = [0.05, 0.1, 0.25, 0.5, 0.75, 1];
const SMALLEST_DRAG = 4;
const ROUNDING = 1e-9;
const LABEL =
  "Timeline. Left and right arrows move the selected span, with Shift they stretch it, " +
  "Enter applies it, Escape selects the whole run.";

/**
 * @typedef {{name: string, shares: number[]}} Series
 * @typedef {{time_s: number, name: string, text: string}} Mark
 * @typedef {{start_s: number, bin_s: number, bins: number, series: Series[],
 *   idle: number[] | null, lost: number[], marks: Mark[]}} Timeline
 * @typedef {{from: number, to: number}} Span
 */

/** Cumulative shares, the whole stack first, so that each area is painted over by the next. */
function stacked({ series, bins }) {
  const sums = new Array(bins).fill(0);
  const layers = series.map(({ shares }) => shares.map((share, bin) => (sums[bin] += share)));
  return layers.reverse();
}

/** Bin starts, and the end of the last bin, which closes the steps. */
function edges({ start_s: start, bin_s: width, bins }) {
  return Array.from({ length: bins + 1 }, (_, bin) => start + bin * width);
}

function topOf(layers) {
  const peak = Math.max(0, ...(layers[0] ?? []));
  return TOPS.find((top) => peak <= top) ?? 1;
}

/** Marks and lost samples, on the canvas over the areas. @param {Timeline} timeline */
function overlay(timeline) {
  const ink = resolved("--ink-soft");
  const bad = resolved("--bad");
  return (chart) => {
    const { ctx: canvas, bbox } = chart;
    const scale = devicePixelRatio;
    canvas.save();
    canvas.lineWidth = scale;
    canvas.strokeStyle = ink;
    canvas.setLineDash([2 * scale, 3 * scale]);
    for (const { time_s: time } of timeline.marks) {
      const x = Math.round(chart.valToPos(time, "x", true)) + 0.5;
      canvas.beginPath();
      canvas.moveTo(x, bbox.top);
      canvas.lineTo(x, bbox.top + bbox.height);
      canvas.stroke();
    }
    canvas.fillStyle = bad;
    timeline.lost.forEach((lost, bin) => {
      if (!lost) return;
      const from = chart.valToPos(timeline.start_s + bin * timeline.bin_s, "x", true);
      const to = chart.valToPos(timeline.start_s + (bin + 1) * timeline.bin_s, "x", true);
      canvas.fillRect(from, bbox.top, Math.max(2, to - from), 4 * scale);
    });
    canvas.restore();
  };
}

/** @param {Timeline} timeline  @param {Record<string, number | string>} slots */
function options(timeline, slots, width, top, onDraw) {
  const faint = resolved("--ink-faint");
  const rule = resolved("--rule");
  const steps = uPlot.paths.stepped({ align: 1 });
  const axis = {
    stroke: faint,
    grid: { stroke: rule, width: 1 },
    ticks: { stroke: rule, width: 1, size: 4 },
    font: "12px 'Plex Sans', system-ui, sans-serif",
  };
  const layers = [...timeline.series].reverse().map(({ name }) => {
    const colour = resolved(`--slot-${slots[name] ?? "other"}`);
    return {
      label: name,
      fill: colour,
      stroke: colour,
      width: 0,
      paths: steps,
      points: { show: false },
    };
  });
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false, range: (_, low, high) => [low, high] }, y: { range: [0, top] } },
    series: [{}, ...layers],
    axes: [
      {
        ...axis,
        size: 28,
        space: width < 600 ? 56 : 84,
        values: (_, ticks) => ticks.map((tick) => `${Number(tick.toFixed(6))} s`),
      },
      {
        ...axis,
        size: 48,
        values: (_, ticks) => ticks.map((tick) => percent(tick, top < 0.1 ? 1 : 0)),
      },
    ],
    hooks: { draw: [overlay(timeline), onDraw] },
  };
}

/** What the pointer is over, as the content of the tip. @param {Timeline} timeline */
function reading(timeline, bin) {
  const time = timeline.start_s + bin * timeline.bin_s;
  const list = html("dl");
  for (const { name, shares } of timeline.series) {
    list.append(html("dt", {}, name), html("dd", {}, percent(shares[bin])));
  }
  if (timeline.idle)
    list.append(html("dt", {}, "idle"), html("dd", {}, percent(timeline.idle[bin])));
  if (timeline.lost[bin])
    list.append(html("dt", {}, "lost samples"), html("dd", {}, String(timeline.lost[bin])));
  const near = timeline.marks.filter(
    (mark) => Math.abs(mark.time_s - time) <= timeline.bin_s * 1.5,
  );
  return [
    html("b", {}, `${time.toFixed(2)} s`),
    list,
    ...near.map((mark) => html("div", {}, mark.text)),
  ];
}

/** The chart, in place of what the server drew. */
export class TimelineChart {
  #frame;
  #timeline;
  #slots;
  #onSpan;
  #data;
  #top;
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
   * @param {Timeline} timeline
   * @param {import("./slots.js").Slots} slots
   * @param {(span: Span | null, final: boolean) => void} onSpan  final: chosen, not only moved
   */
  constructor(frame, timeline, slots, onSpan) {
    this.#frame = frame;
    this.#timeline = timeline;
    this.#slots = slots;
    this.#onSpan = onSpan;
    const layers = stacked(timeline);
    this.#top = topOf(layers);
    this.#data = [edges(timeline), ...layers.map((layer) => [...layer, layer.at(-1)])];
    frame.replaceChildren();
    frame.classList.add("enhanced");
    frame.tabIndex = 0;
    frame.setAttribute("role", "group");
    frame.setAttribute("aria-label", LABEL);
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

  get #end() {
    return this.#data[0].at(-1);
  }

  #rebuild() {
    if (!this.#width) return;
    this.#chart?.destroy();
    const paint = () => this.#paint();
    const wanted = options(this.#timeline, this.#slots, this.#width, this.#top, paint);
    this.#chart = new uPlot(wanted, this.#data, this.#frame);
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
    const low = Math.max(this.#timeline.start_s, Math.min(from, to));
    const high = Math.min(this.#end, Math.max(from, to));
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
    const { start_s: start, bin_s: width, bins } = this.#timeline;
    const bin = Math.floor((this.#timeAt(clientX) - start) / width);
    const content = reading(this.#timeline, Math.max(0, Math.min(bin, bins - 1)));
    this.#tip.show(content, clientX, clientY);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { start_s: start, bin_s: bin } = this.#timeline;
    const { from, to } = this.#span ?? { from: start, to: start + (this.#end - start) / 4 };
    const step = { ArrowLeft: -bin, ArrowRight: bin }[event.key];
    const fits = from + step >= start - ROUNDING && to + step <= this.#end + ROUNDING;
    if (step && event.shiftKey) this.#choose(from, Math.max(from + bin, to + step), false);
    else if (step && fits) this.#choose(from + step, to + step, false);
    else if (event.key === "Enter" && this.#span) this.#choose(from, to, true);
    else if (event.key === "Escape" && this.#span) this.#choose(0, 0, true);
    else return;
    event.preventDefault();
  }
}
