/**
 * The flame graph, root on top: domain > process > frames.  Click or Enter zooms, Escape goes
 * out, arrow keys walk the tree, the search lights up matching frames.
 */

import { fitted, html, onWidth, svg } from "./dom.js";
import { slotClass } from "./slots.js";
import { tipIn } from "./tip.js";
import { count, percent } from "./wording.js";

const ROW = 19;
const NARROWEST = 1;
const HINT =
  "Click or press Enter on a frame to zoom, Escape to go out; arrow keys walk the stack. " +
  "Pale frames are kernel code.";

/**
 * @typedef {{name: string, kind: string, module?: string, samples: number, share: number,
 *   children?: FlameNode[]}} FlameNode
 * @typedef {{node: FlameNode, parent: Frame | null, children: Frame[], depth: number,
 *   domain: string}} Frame
 */

/** @param {FlameNode} node  @param {Frame | null} parent  @returns {Frame} */
function framed(node, parent = null) {
  const depth = parent ? parent.depth + 1 : 0;
  const frame = {
    node,
    parent,
    depth,
    children: [],
    domain: depth <= 1 ? node.name : parent.domain,
  };
  frame.children = (node.children ?? []).map((child) => framed(child, frame));
  return frame;
}

/** @param {Frame} frame */
function described({ node }) {
  const module = node.module ? ` (${node.module})` : "";
  return `${node.name}${module}: ${percent(node.share)}, ${count(node.samples)} samples`;
}

/** How many samples have a match in their stack, each counted once. */
function matchedSamples(frame, pattern) {
  if (pattern.test(frame.node.name)) return frame.node.samples;
  return frame.children.reduce((sum, child) => sum + matchedSamples(child, pattern), 0);
}

/** The search as a pattern; text that is no pattern is looked for as it stands. */
function patternOf(text) {
  try {
    return new RegExp(text, "i");
  } catch {
    return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i");
  }
}

/** Places of the frames to draw when `here` has the full width. @param {Frame} here */
function* rows(here, width) {
  const way = [];
  for (let at = here.parent; at; at = at.parent) way.unshift(at);
  for (const frame of way) yield { frame, x: 0, width, passed: true };
  const stack = [{ frame: here, x: 0, width, passed: false }];
  while (stack.length) {
    const place = stack.pop();
    yield place;
    let x = place.x;
    for (const child of place.frame.children) {
      const wide = (place.width * child.node.samples) / (place.frame.node.samples || 1);
      if (wide >= NARROWEST) stack.push({ frame: child, x, width: wide, passed: false });
      x += wide;
    }
  }
}

/** A zoomable flame graph in place of what the server drew. */
export class Flamegraph {
  #search = html("input", {
    type: "search",
    placeholder: "Search frames",
    "aria-label": "Search frames",
    autocomplete: "off",
    spellcheck: "false",
  });
  #found = html("span", { class: "quiet", role: "status" });
  #reset = html(
    "button",
    { type: "button", class: "button button-quiet", hidden: true },
    "Whole graph",
  );
  #stage = html("div", { class: "figure-stage" });
  #status = html("p", { class: "figure-status", role: "status" }, HINT);
  #tip;
  #slots;
  /** @type {Frame} */
  #root;
  /** The frame that has the full width. @type {Frame} */
  #here;
  /** @type {Map<Frame, Element>} */
  #drawn = new Map();
  /** @type {RegExp | null} */
  #pattern = null;
  #width = 0;

  /**
   * @param {HTMLElement} box
   * @param {FlameNode} tree
   * @param {import("./slots.js").Slots} slots
   */
  constructor(box, tree, slots) {
    this.#slots = slots;
    this.#root = this.#here = framed(tree);
    const search = html("span", { class: "figure-crumbs" }, this.#search, this.#found);
    const bar = html("div", { class: "figure-bar" }, search, this.#reset);
    box.replaceChildren(bar, this.#stage, this.#status);
    this.#tip = tipIn(box);
    this.#reset.addEventListener("click", () => this.#zoom(this.#root));
    this.#search.addEventListener("input", () => {
      this.#pattern = this.#search.value ? patternOf(this.#search.value) : null;
      this.#light();
    });
    onWidth(this.#stage, (width) => {
      this.#width = width;
      this.#draw();
    });
  }

  #draw() {
    const width = this.#width;
    const places = [...rows(this.#here, width)];
    const deepest = places.reduce((depth, { frame }) => Math.max(depth, frame.depth), 0);
    const height = (deepest + 1) * ROW;
    const picture = svg("svg", {
      class: "flame",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "group",
      "aria-label": "Flame graph",
    });
    this.#drawn.clear();
    picture.append(...places.map((place) => this.#elementOf(place)));
    picture.addEventListener("keydown", (event) => this.#walk(event));
    picture.addEventListener("pointerleave", () => this.#tip.hide());
    this.#tip.hide();
    this.#drawn.get(this.#here)?.setAttribute("tabindex", "0");
    this.#stage.replaceChildren(picture);
    this.#reset.hidden = this.#here === this.#root;
    this.#light();
  }

  #elementOf({ frame, x, width, passed }) {
    const y = frame.depth * ROW;
    const label = described(frame);
    const slot = slotClass(this.#slots, frame.domain);
    const element = svg("g", {
      class: `frame frame-${frame.node.kind} ${slot}${passed ? " passed" : ""}`,
      role: "button",
      tabindex: "-1",
      "aria-label": label,
    });
    element.append(svg("rect", { x, y, width, height: ROW - 1 }));
    const name = fitted(frame.node.name, width - 7);
    if (name) element.append(svg("text", { x: x + 4, y: y + 13 }, name));
    element.addEventListener("click", () => this.#zoom(frame));
    element.addEventListener("focus", () => this.#status.replaceChildren(label));
    element.addEventListener("pointermove", ({ clientX, clientY }) =>
      this.#tip.show([new Text(label)], clientX, clientY),
    );
    this.#drawn.set(frame, element);
    return element;
  }

  /** Marks what the search finds. */
  #light() {
    const pattern = this.#pattern;
    for (const [frame, element] of this.#drawn) {
      element.classList.toggle("found", Boolean(pattern?.test(frame.node.name)));
    }
    this.#stage.classList.toggle("searching", Boolean(pattern));
    const share = pattern
      ? matchedSamples(this.#root, pattern) / (this.#root.node.samples || 1)
      : 0;
    this.#found.textContent = pattern ? `${percent(share)} matched` : "";
  }

  /** @param {Frame} frame */
  #zoom(frame, focus = false) {
    this.#here = frame;
    this.#draw();
    if (focus) this.#drawn.get(frame)?.focus();
  }

  /** The frame that an arrow key leads to. @param {Frame} frame  @param {string} key */
  #beside(frame, key) {
    const drawn = (frames) => (frames ?? []).filter((each) => this.#drawn.has(each));
    if (key === "ArrowUp") return frame.parent;
    if (key === "ArrowDown") {
      return drawn(frame.children).sort((a, b) => b.node.samples - a.node.samples)[0];
    }
    const row = drawn(frame.parent?.children);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    return step && row[row.indexOf(frame) + step];
  }

  /** @param {KeyboardEvent} event */
  #walk(event) {
    const frame = [...this.#drawn].find(([, element]) => element === document.activeElement)?.[0];
    if (!frame) return;
    const next = this.#beside(frame, event.key);
    if (next) {
      this.#drawn.get(frame).setAttribute("tabindex", "-1");
      this.#drawn.get(next).setAttribute("tabindex", "0");
      this.#drawn.get(next).focus();
    } else if (event.key === "Enter" || event.key === " ") {
      this.#zoom(frame, true);
    } else if (event.key === "Escape" && this.#here.parent) {
      this.#zoom(this.#here.parent, true);
    } else if (!event.key.startsWith("Arrow")) {
      return;
    }
    event.preventDefault();
  }
}
