/** Lines of ports or disks over the time of a run. */

import { html } from "./dom.js";
import { resolved } from "./slots.js";
import { PADDING, SCALE_WIDTH, axisStyle } from "./spanchart.js";
import { drawMarks } from "./timeline.js";
import { measured } from "./wording.js";

const HEIGHT = 120;
const ROUND = [1, 2, 5, 10];

/**
 * @typedef {{name: string, slot: number | string, values: (number | null)[]}} Line
 * @typedef {{name: string, title: string, unit: string, top: number, lines: Line[]}} Group
 * @typedef {{start_s: number, bin_s: number, bins: number, groups: Group[],
 *   marks: import("./timeline.js").Mark[]}} Series
 */

/** The next of 1, 2, 5, 10 ... that is no less than a value. */
function roundAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ROUND.find((factor) => power * factor >= value * (1 - 1e-9));
}

/** @param {Series} series  @param {Group} group */
function options(series, group, width) {
  const axis = axisStyle();
  const top = group.unit === "share" ? 1 : roundAbove(group.top);
  return {
    width,
    height: HEIGHT,
    padding: PADDING,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false, range: (_, low, high) => [low, high] }, y: { range: [0, top] } },
    series: [
      {},
      ...group.lines.map(({ name, slot }) => ({
        label: name,
        stroke: resolved(`--slot-${slot}`),
        width: 1.75,
        points: { show: false },
      })),
    ],
    axes: [
      { ...axis, size: 8, values: (_, ticks) => ticks.map(() => "") },
      {
        ...axis,
        size: SCALE_WIDTH,
        splits: [0, top / 2, top],
        values: (_, ticks) => ticks.map((tick) => (tick ? measured(tick, group.unit) : "0")),
      },
    ],
    hooks: { draw: [drawMarks(series.marks)] },
  };
}

/** @param {Series} series  @param {Group} group */
function reading(series, group, bin) {
  const list = html("dl");
  for (const { name, values } of group.lines) {
    const value = values[bin];
    const text = value === null ? "not known" : measured(value, group.unit);
    list.append(html("dt", {}, name), html("dd", {}, text));
  }
  const time = series.start_s + bin * series.bin_s;
  return [html("b", {}, `${time.toFixed(2)} s`), list];
}

/**
 * What a `SpanChart` draws of one group.
 * @param {Series} series  @param {Group} group
 * @returns {import("./spanchart.js").Drawing}
 */
export function seriesDrawing(series, group) {
  const { start_s: start, bin_s: bin, bins } = series;
  const end = start + bins * bin;
  const middles = Array.from({ length: bins }, (_, place) => start + (place + 0.5) * bin);
  return {
    label: `${group.title}.`,
    start,
    end,
    bin,
    bins,
    // the ends have no value of their own, but the axis reaches them as the timeline's does
    data: [
      [start, ...middles, end],
      ...group.lines.map(({ values }) => [null, ...values, null]),
    ],
    options: (width) => options(series, group, width),
    reading: (place) => reading(series, group, place),
  };
}
