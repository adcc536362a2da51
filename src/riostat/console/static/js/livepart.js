/** The live part of a page: the server sends it anew once a second, and what differs is taken. */

/** @param {Element} known  @param {Element} fresh */
function takeAttributes(known, fresh) {
  for (const { name } of [...known.attributes]) {
    if (!fresh.hasAttribute(name)) known.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (known.getAttribute(name) !== value) known.setAttribute(name, value);
  }
}

/**
 * Makes the content of one element that of another; what is alike stays, so that the focus, the
 * selected text and the place of a scrolled table are kept.
 * @param {Node} known  @param {Node} fresh
 */
function take(known, fresh) {
  const old = [...known.childNodes];
  const next = [...fresh.childNodes];
  next.forEach((node, place) => {
    const there = old[place];
    if (!there) known.append(node);
    else if (there.nodeName !== node.nodeName) there.replaceWith(node);
    else if (node.nodeType === Node.ELEMENT_NODE) {
      takeAttributes(there, node);
      take(there, node);
    } else if (there.nodeValue !== node.nodeValue) there.nodeValue = node.nodeValue;
  });
  for (const node of old.slice(next.length)) node.remove();
}

/** @param {HTMLElement} part */
function follow(part) {
  const events = new EventSource(part.dataset.livePart);
  events.addEventListener("part", (event) => {
    const fresh = document.createElement("template");
    fresh.innerHTML = JSON.parse(event.data).html;
    take(part, fresh.content);
  });
  events.addEventListener("error", () => {
    const over = events.readyState === EventSource.CLOSED;
    part.querySelector("[data-live-state]").dataset.liveState = "lost";
    part.querySelector("[data-live-word]").textContent = over
      ? "connection lost; reload the page"
      : "connection lost, trying again";
  });
}

for (const part of document.querySelectorAll("[data-live-part]")) follow(part);
