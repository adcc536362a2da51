/** The span that was kept as A, to be compared with another, also of another run. */

const KEY = "riostat.kept";

/** @returns {string | null} a reference such as RUN@1.000..2.500 */
export function kept() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // storage may be forbidden; nothing is kept then
  }
}

/** @param {string} reference */
export function keep(reference) {
  try {
    sessionStorage.setItem(KEY, reference);
  } catch {
    // nothing is kept then, and the page says so by not offering the comparison
  }
}
