// How things are said: names, times and numbers. It knows nothing of runs.

/** A user's text, shown so that it moves and turns nothing around it: control characters as their pictures, marks of direction as a placeholder. */
function harmless(text) {
  return text
    .replace(/[\u0000-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\u007f/g, "\u2421")
    .replace(/[\u0080-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g, "\ufffd");
}

/** Nanoseconds with three digits or so, as in the figures: `1.25 s`, `417 µs`. */
function short(ns) {
  const [unit, amount] = inUnit(ns);
  if (ns <= 0) return "0 s";
  if (unit === "ns") return `${Math.ceil(ns)} ns`;
  return `${amount.toFixed(amount < 9.995 ? 2 : amount < 99.95 ? 1 : 0)} ${unit}`;
}

/** Nanoseconds with six digits: two events that are close to each other are told apart. */
function exact(ns) {
  const [unit, amount] = inUnit(ns);
  if (ns <= 0) return "0 s";
  if (unit === "ns") return `${Math.ceil(ns)} ns`;
  return `${amount.toFixed(amount < 10 ? 5 : amount < 100 ? 4 : amount < 1e3 ? 3 : 2)} ${unit}`;
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

/** A round step, so that no more than so many of them make up the length: 1, 2 or 5 and noughts. */
function roundStep(length, atMost) {
  const least = length / atMost;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * 0.999);
}
