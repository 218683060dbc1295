// Names, times and numbers in words.

/** Fewest and most decimals of a moment; the nanosecond is the last digit. */
const DECIMALS = { least: 2, most: 6 };
/** Share of the events whose times may look equal to those of the events before them. */
const TOO_CLOSE = 0.1;

/**
 * A user's text made harmless: control characters become their Unicode pictures, marks of direction
 * a placeholder.
 */
function harmless(text) {
  const turnsOrHides =
    "\\u0080-\\u009f\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e" +
    "\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb";
  return text
    .replace(/[\u0000-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\u007f/g, "\u2421")
    .replace(new RegExp(`[${turnsOrHides}]`, "g"), "\ufffd");
}

/** Nanoseconds with about three digits: `1.25 s`, `417 µs`. */
function short(ns) {
  const [unit, amount] = inUnit(ns);
  if (ns <= 0) return "0 s";
  if (unit === "ns") return `${Math.ceil(ns)} ns`;
  return `${amount.toFixed(amount < 9.995 ? 2 : amount < 99.95 ? 1 : 0)} ${unit}`;
}

/**
 * Returns a function that writes the moments of a run: all in one unit and with equally many
 * decimals, so that no digit moves while the run plays.
 */
function clockFor(times) {
  const [unit, whole] = inUnit(times.at(-1) ?? 0);
  const size = unit === "ns" ? 1 : Math.round(times.at(-1) / whole);
  const apart = times
    .map((time, place) => time - (times[place - 1] ?? 0))
    .filter((gap) => gap > 0)
    .sort((a, b) => a - b);
  const told = apart[Math.floor(apart.length * TOO_CLOSE)] ?? size;
  const decimals = Math.min(
    Math.max(Math.ceil(Math.log10(size / told)), DECIMALS.least),
    DECIMALS.most,
    Math.log10(size),
  );
  return (ns) => `${(ns / size).toFixed(decimals)} ${unit}`;
}

function inUnit(ns) {
  if (ns < 1e3) return ["ns", ns];
  if (ns < 999.5e3) return ["µs", ns / 1e3];
  if (ns < 999.5e6) return ["ms", ns / 1e6];
  return ["s", ns / 1e9];
}

/** `1,234 events`, and `1 event`. */
function count(number, what) {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}

/** `1st`, `22nd`, `13th`. */
function ordinal(number) {
  const last = number % 100 > 10 && number % 100 < 14 ? 0 : number % 10;
  return `${number.toLocaleString("en")}${["th", "st", "nd", "rd"][last] ?? "th"}`;
}

/** The least step (1, 2 or 5 times a power of ten) that divides the length in `atMost` or fewer. */
function roundStep(length, atMost) {
  const least = length / atMost;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * 0.999);
}
