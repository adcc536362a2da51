/** Building and sizing elements. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {Element} node
 * @param {Record<string, string | number | boolean>} attributes  false leaves one out
 * @param {(Node | string)[]} children
 */
function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children);
  return node;
}

/** An HTML element. */
export function html(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

/** An SVG element. */
export function svg(name, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, name), attributes, children);
}

/**
 * Calls `draw(width)` now and whenever the element's width changes.
 * @param {Element} element
 * @param {(width: number) => void} draw
 */
export function onWidth(element, draw) {
  let drawn = 0;
  const observer = new ResizeObserver(() => {
    const width = Math.floor(element.clientWidth);
    if (width > 0 && width !== drawn) {
      drawn = width;
      draw(width);
    }
  });
  observer.observe(element);
  return observer;
}

const ruler = document.createElement("canvas").getContext("2d");
const CONDENSED = 0.9;

/** The part of a label that fits into `width` pixels of the figures' 12 px condensed face. */
export function fitted(label, width) {
  ruler.font = '12px "Plex Sans", system-ui, sans-serif';
  const room = width / CONDENSED;
  if (room < 16) return "";
  if (ruler.measureText(label).width <= room) return label;
  let low = 0;
  let high = label.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ruler.measureText(`${label.slice(0, middle)}…`).width <= room) low = middle;
    else high = middle - 1;
  }
  return low < 2 ? "" : `${label.slice(0, low)}…`;
}
