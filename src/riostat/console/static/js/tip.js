/** One tooltip in a positioned element; it repeats what the element's label says. */

import { html } from "./dom.js";

/** @param {HTMLElement} frame  the positioned element that holds the tip */
export function tipIn(frame) {
  const box = html("div", { class: "tip", "aria-hidden": "true", hidden: true });
  frame.append(box);
  return {
    /** @param {Node[]} content  @param {number} clientX  @param {number} clientY */
    show(content, clientX, clientY) {
      box.replaceChildren(...content);
      box.hidden = false;
      const edge = frame.getBoundingClientRect();
      const left = clientX - edge.left + 14;
      const room = edge.width - box.offsetWidth - 4;
      box.style.left = `${Math.max(4, Math.min(left, room))}px`;
      const above = clientY - edge.top - box.offsetHeight - 12;
      box.style.top = `${above > 0 ? above : clientY - edge.top + 18}px`;
    },
    hide() {
      box.hidden = true;
    },
  };
}
