/** The timeline of a run: CPU share of each domain, stacked, with events as marks. */

import uPlot from "../vendor/uplot-1.6.32/uPlot.esm.js";
import { html } from "./dom.js";
import { resolved } from "./slots.js";
import { PADDING, SCALE_WIDTH, axisStyle } from "./spanchart.js";
import { percent } from "./wording.js";

const HEIGHT = 240;
const TOPS = [0.05, 0.1, 0.25, 0.5, 0.75, 1];

/**
 * @typedef {{name: string, shares: number[]}} Series
 * @typedef {{time_s: number, name: string, text: string}} Mark
 * @typedef {{start_s: number, bin_s: number, bins: number, series: Series[],
 *   idle: number[] | null, lost: number[], marks: Mark[]}} Timeline
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

/** Marks, on the canvas over what is drawn. @param {Mark[]} marks */
export function drawMarks(marks) {
  const ink = resolved("--ink-soft");
  return (chart) => {
    const { ctx: canvas, bbox } = chart;
    const scale = devicePixelRatio;
    canvas.save();
    canvas.lineWidth = scale;
    canvas.strokeStyle = ink;
    canvas.setLineDash([2 * scale, 3 * scale]);
    for (const { time_s: time } of marks) {
      const x = Math.round(chart.valToPos(time, "x", true)) + 0.5;
      canvas.beginPath();
      canvas.moveTo(x, bbox.top);
      canvas.lineTo(x, bbox.top + bbox.height);
      canvas.stroke();
    }
    canvas.restore();
  };
}

/** Marks and lost samples, on the canvas over the areas. @param {Timeline} timeline */
function overlay(timeline) {
  const bad = resolved("--bad");
  const marks = drawMarks(timeline.marks);
  return (chart) => {
    marks(chart);
    const { ctx: canvas, bbox } = chart;
    canvas.save();
    canvas.fillStyle = bad;
    timeline.lost.forEach((lost, bin) => {
      if (!lost) return;
      const from = chart.valToPos(timeline.start_s + bin * timeline.bin_s, "x", true);
      const to = chart.valToPos(timeline.start_s + (bin + 1) * timeline.bin_s, "x", true);
      canvas.fillRect(from, bbox.top, Math.max(2, to - from), 4 * devicePixelRatio);
    });
    canvas.restore();
  };
}

/** @param {Timeline} timeline  @param {Record<string, number | string>} slots */
function options(timeline, slots, width, top) {
  const steps = uPlot.paths.stepped({ align: 1 });
  const axis = axisStyle();
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
    padding: PADDING,
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
        size: SCALE_WIDTH,
        values: (_, ticks) => ticks.map((tick) => percent(tick, top < 0.1 ? 1 : 0)),
      },
    ],
    hooks: { draw: [overlay(timeline)] },
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

/**
 * What a `SpanChart` draws of a timeline.
 * @param {Timeline} timeline  @param {import("./slots.js").Slots} slots
 * @returns {import("./spanchart.js").Drawing}
 */
export function domainDrawing(timeline, slots) {
  const layers = stacked(timeline);
  const times = edges(timeline);
  const top = topOf(layers);
  return {
    label: "Timeline.",
    start: timeline.start_s,
    end: times.at(-1),
    bin: timeline.bin_s,
    bins: timeline.bins,
    data: [times, ...layers.map((layer) => [...layer, layer.at(-1)])],
    options: (width) => options(timeline, slots, width, top),
    reading: (bin) => reading(timeline, bin),
  };
}
