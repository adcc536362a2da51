/** The list of runs: the record form, and A and B that cannot be the same run. */

import { RecordForm } from "./record.js";

for (const form of document.querySelectorAll("[data-record]")) new RecordForm(form);

const pick = document.querySelector("[data-pick]");
if (pick) {
  const button = pick.querySelector("button[type=submit]");
  const check = () => {
    const { before_run: before, after_run: after } = Object.fromEntries(new FormData(pick));
    button.disabled = !before || !after || before === after;
  };
  pick.addEventListener("change", check);
  check();
}
