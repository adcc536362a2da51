/** The treemap domain > process > module > symbol: click, Enter or Space go in, Escape goes out. */

import { fitted, html, onWidth, svg } from "./dom.js";
import { slotClass } from "./slots.js";
import { squarify } from "./squarify.js";
import { tipIn } from "./tip.js";
import { count, percent } from "./wording.js";

const HEADER = 18;
const SMALLEST = 3;
const HINT = "Click or press Enter on a tile to go in, Escape to go out; arrow keys move.";

/**
 * @typedef {{name: string, kind: string, samples: number, share: number,
 *   children?: TreeNode[]}} TreeNode
 * @typedef {{node: TreeNode, parent: Place | null, domain: string, depth: number}} Place
 */

/** The tree with each node's way back to the root. @returns {Place} */
function placed(node, parent = null) {
  const depth = parent ? parent.depth + 1 : 0;
  return { node, parent, depth, domain: depth <= 1 ? node.name : parent.domain };
}

/** The names from the root (left out) to a place. @param {Place} place */
function wayTo(place) {
  const way = [];
  for (let at = place; at; at = at.parent) way.unshift(at);
  return way;
}

/** @param {Place} place */
function described(place) {
  const names = wayTo(place)
    .slice(1)
    .map((at) => at.node.name);
  return `${names.join(" › ")}: ${percent(place.node.share)}, ${count(place.node.samples)} samples`;
}

/** @param {Place} place  @param {import("./squarify.js").Box} box */
function* tiles(place, box, level) {
  yield { place, box, level };
  const children = (place.node.children ?? []).filter((child) => child.samples > 0);
  if (!children.length) return;
  const headed = level > 0 && place.depth < 4 && box.width > 44 && box.height > HEADER * 2;
  const inner = {
    x: box.x + (headed ? 2 : 0),
    y: box.y + (headed ? HEADER : 0),
    width: box.width - (headed ? 4 : 0),
    height: box.height - (headed ? HEADER + 2 : 0),
  };
  if (inner.width < SMALLEST || inner.height < SMALLEST) return;
  const boxes = squarify(
    children.map((child) => child.samples),
    inner,
  );
  for (const [index, child] of children.entries()) {
    if (boxes[index].width < SMALLEST || boxes[index].height < SMALLEST) continue;
    yield* tiles(placed(child, place), boxes[index], level + 1);
  }
}

/** The kernel and its modules are in brackets, as perf has them; these are not of the kernel. */
const KERNEL = /^\[(?!vdso|vsyscall|unknown|heap|stack|anon|exited|guest\])/;

/** Whether a place is kernel code, by its module or the module around it. @param {Place} place */
function isKernel({ depth, node, parent }) {
  if (depth === 3) return KERNEL.test(node.name);
  return depth === 4 && KERNEL.test(parent.node.name);
}

/** A zoomable treemap in place of what the server drew. */
export class Treemap {
  #crumbs = html("nav", { class: "figure-crumbs", "aria-label": "Treemap path" });
  #stage = html("div", { class: "figure-stage" });
  #status = html("p", { class: "figure-status", role: "status" }, HINT);
  #tip;
  #slots;
  /** @type {Place} */
  #here;
  /** The tiles that keys move between. @type {{place: Place, element: Element}[]} */
  #stops = [];
  #width = 0;

  /**
   * @param {HTMLElement} frame
   * @param {TreeNode} tree
   * @param {import("./slots.js").Slots} slots
   */
  constructor(frame, tree, slots) {
    this.#slots = slots;
    this.#here = placed(tree);
    const bar = html("div", { class: "figure-bar" }, this.#crumbs);
    frame.replaceChildren(bar, this.#stage, this.#status);
    this.#tip = tipIn(frame);
    onWidth(this.#stage, (width) => {
      this.#width = width;
      this.#draw();
    });
  }

  /** @param {Place} place */
  #zoom(place, focus = false) {
    this.#here = place.node.children?.length ? place : (place.parent ?? place);
    this.#draw();
    if (focus) this.#stops[0]?.element.focus();
  }

  #draw() {
    const width = this.#width;
    const height = Math.round(Math.max(300, Math.min(520, width * 0.5)));
    const picture = svg("svg", {
      class: "treemap",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "group",
      "aria-label": "Treemap of samples",
    });
    this.#stops = [];
    for (const tile of tiles(this.#here, { x: 0, y: 0, width, height }, 0)) {
      if (tile.level > 0) picture.append(this.#tileOf(tile));
    }
    this.#stops[0]?.element.setAttribute("tabindex", "0");
    picture.addEventListener("keydown", (event) => this.#move(event));
    picture.addEventListener("pointerleave", () => this.#tip.hide());
    this.#tip.hide();
    this.#stage.replaceChildren(picture);
    this.#drawCrumbs();
  }

  #drawCrumbs() {
    const way = wayTo(this.#here);
    const crumbs = way.flatMap((place, index) => {
      const label = index ? place.node.name : "All";
      if (index === way.length - 1) return [html("span", { "aria-current": "true" }, label)];
      const button = html("button", { type: "button" }, label);
      button.addEventListener("click", () => this.#zoom(place));
      return [button, html("span", { "aria-hidden": "true" }, "›")];
    });
    this.#crumbs.replaceChildren(...crumbs);
  }

  #tileOf({ place, box, level }) {
    const label = described(place);
    const kernel = isKernel(place) ? " kernel" : "";
    const element = svg("g", {
      class: `tile depth-${place.depth - 1} ${slotClass(this.#slots, place.domain)}${kernel}`,
      role: place.node.children?.length ? "button" : "img",
      tabindex: level === 1 ? "-1" : false,
      "aria-label": label,
      "aria-hidden": level === 1 ? false : "true",
    });
    element.append(svg("rect", box), ...lettering(place.node, box));
    element.addEventListener("click", () => this.#zoom(this.#stopAround(place)));
    element.addEventListener("focus", () => this.#status.replaceChildren(label));
    element.addEventListener("pointermove", ({ clientX, clientY }) =>
      this.#tip.show([new Text(label)], clientX, clientY),
    );
    if (level === 1) this.#stops.push({ place, element });
    return element;
  }

  /** The tile of the first level that holds a deeper one. @param {Place} place */
  #stopAround(place) {
    let at = place;
    while (at.depth > this.#here.depth + 1) at = at.parent;
    return at;
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const stops = this.#stops;
    const index = stops.findIndex(({ element }) => element === document.activeElement);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step && index >= 0) {
      const next = stops[(index + step + stops.length) % stops.length];
      stops[index].element.setAttribute("tabindex", "-1");
      next.element.setAttribute("tabindex", "0");
      next.element.focus();
    } else if ((event.key === "Enter" || event.key === " ") && index >= 0) {
      this.#zoom(stops[index].place, true);
    } else if (event.key === "Escape" && this.#here.parent) {
      this.#zoom(this.#here.parent, true);
    } else {
      return;
    }
    event.preventDefault();
  }
}

/** The name of a tile, and its share where there is room. */
function* lettering(node, { x, y, width, height }) {
  const name = height >= 15 ? fitted(node.name, width - 8) : "";
  if (!name) return;
  yield svg("text", { x: x + 4, y: y + 13 }, name);
  if (node.children?.length || height <= 34) return;
  yield svg("text", { x: x + 4, y: y + 28 }, fitted(percent(node.share), width - 8));
}
