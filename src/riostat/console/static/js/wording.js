/** Numbers as people read them; the server's filters say the same. */

const NARROW = "\u202f";

/** 0.1234 -> "12.3 %" */
export function percent(share, digits = 1) {
  return `${(100 * share).toFixed(digits)}${NARROW}%`;
}

/** 12345 -> "12 345" */
export function count(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, NARROW);
}

/** 1234567 -> "1.2 MB" */
export function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 100 ? value.toFixed(1) : Math.round(value)}${NARROW}${units[unit]}`;
}

/** 1234567, "b/s" -> "1.23 Mb/s"; a unit of "share" is a fraction */
export function measured(value, unit) {
  if (unit === "share") return percent(value, 0);
  const prefixes = ["", "k", "M", "G", "T"];
  let place = 0;
  while (value >= 999.5 && place < prefixes.length - 1) {
    value /= 1000;
    place += 1;
  }
  return `${Number(value.toPrecision(3))}${NARROW}${prefixes[place]}${unit}`;
}
