/**
 * Squarified treemaps (Bruls, Huizing, van Wijk, 2000): rectangles of given areas in a box, as
 * square as the row-by-row rule makes them.
 */

/** @typedef {{x: number, y: number, width: number, height: number}} Box */

/** The worst aspect ratio of a row of areas laid along a side. */
function worst(sum, largest, smallest, side) {
  const square = sum * sum;
  return Math.max((side * side * largest) / square, square / (side * side * smallest));
}

/**
 * @param {number[]} weights  positive, largest first
 * @param {Box} box
 * @returns {Box[]} one box for each weight, in order
 */
export function squarify(weights, box) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const scale = total > 0 ? (box.width * box.height) / total : 0;
  const boxes = [];
  let { x, y, width, height } = box;
  let first = 0;
  while (first < weights.length) {
    const side = Math.min(width, height);
    let sum = weights[first] * scale;
    const largest = sum;
    let last = first + 1;
    while (last < weights.length) {
      const area = weights[last] * scale;
      const now = worst(sum, largest, weights[last - 1] * scale, side);
      if (worst(sum + area, largest, area, side) > now) break;
      sum += area;
      last += 1;
    }
    const thickness = side > 0 ? sum / side : 0;
    let along = 0;
    for (let index = first; index < last; index += 1) {
      const length = thickness > 0 ? (weights[index] * scale) / thickness : 0;
      boxes.push(
        width >= height
          ? { x, y: y + along, width: thickness, height: length }
          : { x: x + along, y, width: length, height: thickness },
      );
      along += length;
    }
    if (width >= height) {
      x += thickness;
      width -= thickness;
    } else {
      y += thickness;
      height -= thickness;
    }
    first = last;
  }
  return boxes;
}
