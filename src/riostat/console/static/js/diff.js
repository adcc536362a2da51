/** The comparison form: A and B change places with one button. */

const form = document.querySelector("[data-diff-form]");
const swap = form?.querySelector("[data-swap]");
if (swap) {
  swap.hidden = false;
  swap.addEventListener("click", () => {
    for (const field of ["run", "from", "to"]) {
      const before = form.elements[`before_${field}`];
      const after = form.elements[`after_${field}`];
      [before.value, after.value] = [after.value, before.value];
    }
    if (form.reportValidity()) form.requestSubmit();
  });
}
