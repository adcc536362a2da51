/** The report's table: sorted by a column, filtered by words, and short until asked for all. */

import { html } from "./dom.js";
import { count } from "./wording.js";

const FIRST_ROWS = 40;

/** Orders rows by a column. @param {"number" | "text"} kind */
function comparison(column, kind, ascending) {
  const sign = ascending ? 1 : -1;
  const value = (row) => row.cells[column]?.dataset.value ?? "";
  return kind === "number"
    ? (a, b) => sign * (Number(value(a)) - Number(value(b)))
    : (a, b) => sign * value(a).localeCompare(value(b), undefined, { numeric: true });
}

/** What is around the table stays; the table itself is another for every view. */
export class ReportTable {
  #filter = document.querySelector("[data-filter]");
  #more = document.querySelector("[data-more]");
  #input = this.#filter.querySelector("input");
  /** @type {HTMLTableElement} */
  #table;
  #all = false;
  /** What the server says of rows that are not in the table. */
  #leftOut = "";

  constructor() {
    this.#filter.hidden = false;
    this.#input.addEventListener("input", () => this.#show());
    this.#more.addEventListener("click", () => {
      this.#all = true;
      this.#show();
    });
  }

  /** Makes a table of the server's live. @param {HTMLTableElement} table */
  take(table) {
    this.#table = table;
    this.#all = false;
    this.#leftOut = document.querySelector("[data-filter-status]").textContent;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      if (!head.dataset.sort) return;
      const button = html("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => this.#sort(head, column));
    });
    this.#show();
  }

  #sort(head, column) {
    const kind = head.dataset.sort;
    const before = head.getAttribute("aria-sort");
    const ascending = before ? before === "descending" : kind === "text";
    for (const each of head.parentElement.cells) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const [body] = this.#table.tBodies;
    body.append(...[...body.rows].sort(comparison(column, kind, ascending)));
    this.#show();
  }

  /** Shows the first rows, or all, of those that contain every word of the filter. */
  #show() {
    const words = this.#input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const most = this.#all ? Infinity : FIRST_ROWS;
    const { rows } = this.#table.tBodies[0];
    let found = 0;
    for (const row of rows) {
      const content = row.textContent.toLowerCase();
      const fits = words.every((word) => content.includes(word));
      if (fits) found += 1;
      row.hidden = !fits || found > most;
    }
    this.#more.hidden = found <= most;
    this.#more.textContent = `Show all ${count(found)} rows`;
    document.querySelector("[data-filter-status]").textContent = words.length
      ? `${count(found)} of ${count(rows.length)} rows match.`
      : this.#leftOut;
  }
}
