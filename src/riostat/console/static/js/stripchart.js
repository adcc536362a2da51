/** The strip chart of the live view: one stacked bar a second, the newest at the right. */

import { svg } from "./dom.js";
import { slotClass } from "./slots.js";
import { percent } from "./wording.js";

const SECONDS = 120;
const TOPS = [0.1, 0.25, 0.5, 1];

/** @typedef {{time_s: number, busy: number, domains: Record<string, number>}} Moment */

/** The bar of one second, from the bottom up in the order of the slots. */
function barOf(moment, x, top, slots) {
  let y = 100;
  const present = Object.keys(slots).filter((name) => moment.domains[name]);
  return present.map((name) => {
    const height = (100 * moment.domains[name]) / top;
    y -= height;
    const place = { x: x + 0.08, width: 0.84, y: y.toFixed(2), height: height.toFixed(2) };
    return svg("rect", { class: slotClass(slots, name), ...place });
  });
}

/** The chart that the server drew, kept going. */
export class StripChart {
  #bars;
  #topLabel;
  #middleLabel;
  #moments;

  /** @param {HTMLElement} frame  @param {Moment[]} history */
  constructor(frame, history) {
    this.#bars = frame.querySelector("[data-strip-bars]");
    this.#topLabel = frame.querySelector("[data-strip-top]");
    this.#middleLabel = frame.querySelector("[data-strip-middle]");
    this.#moments = history.slice(-SECONDS);
  }

  /** @param {Moment} moment  @param {import("./slots.js").Slots} slots */
  add(moment, slots) {
    if (this.#moments.some(({ time_s: known }) => known === moment.time_s)) return;
    this.#moments = [...this.#moments, moment].slice(-SECONDS);
    this.#draw(slots);
  }

  #draw(slots) {
    const moments = this.#moments;
    const peak = moments.reduce((most, { busy }) => Math.max(most, busy), 0);
    const top = TOPS.find((value) => peak <= value) ?? 1;
    this.#topLabel.textContent = percent(top, 0);
    this.#middleLabel.textContent = percent(top / 2, top === 0.25 ? 1 : 0);
    const newest = moments.at(-1).time_s;
    const bars = moments.flatMap((moment) => {
      const x = SECONDS - 1 - Math.round(newest - moment.time_s);
      return x < 0 ? [] : barOf(moment, x, top, slots);
    });
    this.#bars.replaceChildren(...bars);
  }
}
