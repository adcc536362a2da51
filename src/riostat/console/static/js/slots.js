/** Which categorical colour names which domain; the server decides, once per page. */

/** @typedef {Record<string, number | string>} Slots */

/** The CSS class that carries a domain's colour. */
export function slotClass(slots, domain) {
  return `slot-${slots[domain] ?? "other"}`;
}

/** The slots of the page, from the element that carries them. */
export function slotsOf(element) {
  return JSON.parse(element.dataset.slots);
}

/** A custom property as a colour that a canvas can use; `light-dark()` and mixes are resolved. */
export function resolved(property) {
  const probe = document.createElement("i");
  probe.hidden = true;
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
