// What a reader's eyes would find, asked of the browser. The tests put it into the page.

const inset = 9;
const byId = (id) => document.getElementById(id);

window.slideTo = (part) => {
  byId("slider").value = part;
  byId("slider").dispatchEvent(new Event("input"));
};

window.choose = (id, value) => {
  byId(id).value = value;
  byId(id).dispatchEvent(new Event("change"));
};

window.plotBox = () => {
  byId("plot").scrollIntoView({ block: "center" });
  const { x, y, width } = byId("plot").getBoundingClientRect();
  return { x: x + inset, y, width: width - 2 * inset };
};

window.focused = () => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  return { id: document.activeElement.id, visible: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
};

window.shown = () => {
  const rows = (id) => [...document.querySelectorAll(`#${id} [data-future]`)];
  return {
    sums: Object.fromEntries(["queue", "workers", "callers", "futures"].map((id) => [id, byId(`${id}-sum`).textContent])),
    futures: Object.fromEntries(rows("futures").map((row) => [row.dataset.future, row.querySelector(".state").textContent])),
    queue: rows("queue").map((row) => row.dataset.future),
  };
};

/** Elements that have words of their own and are seen, each with the box of its words. */
function words() {
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest("noscript, script, title, select, defs") || !element.getClientRects().length) continue;
    const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    for (const text of texts) {
      const range = document.createRange();
      range.selectNodeContents(text);
      for (const box of range.getClientRects()) {
        const seen = visible(box, element);
        if (seen) found.push({ element, text: text.data.trim().slice(0, 40), ...seen });
      }
    }
  }
  return found;
}

/** What is left of a box in what can be scrolled or cuts it off. */
function visible({ left, top, right, bottom }, element) {
  for (let around = element; around; around = around.parentElement) {
    if (getComputedStyle(around).overflowX === "visible" || around instanceof SVGElement) continue;
    const box = around.getBoundingClientRect();
    [left, top, right, bottom] = [Math.max(left, box.left), Math.max(top, box.top), Math.min(right, box.right), Math.min(bottom, box.bottom)];
  }
  return right - left > 1 && bottom - top > 1 ? { left, top, right, bottom } : null;
}

const parse = (colour) => {
  const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
  return { rgb: [r, g, b], a };
};

function luminance(rgb) {
  const [r, g, b] = rgb.map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function ground(element) {
  const layers = [];
  for (let around = element; around; around = around.parentElement) {
    const layer = parse(getComputedStyle(around).backgroundColor);
    layers.push(layer);
    if (layer.a === 1) break;
  }
  return layers.reverse().reduce((below, { rgb, a }) => rgb.map((part, place) => part * a + below[place] * (1 - a)), [255, 255, 255]);
}

/** Words in the picture have a halo, or stand on a bar of one colour. */
function groundInPicture(text, { left, top, right, bottom }) {
  const { stroke } = getComputedStyle(text);
  if (stroke !== "none") return parse(stroke).rgb;
  const middle = [(left + right) / 2, (top + bottom) / 2];
  const bars = [...text.parentElement.querySelectorAll("rect")].filter((bar) => {
    const box = bar.getBoundingClientRect();
    return box.left <= middle[0] && middle[0] <= box.right && box.top <= middle[1] && middle[1] <= box.bottom;
  });
  const bar = bars.at(-1);
  return bar ? parse(getComputedStyle(bar).fill).rgb : ground(text.parentElement);
}

window.faults = () => {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) faults.push(`the page is ${root.scrollWidth} wide in ${innerWidth}`);
  const all = words();
  if (all.length < 20) faults.push(`there are ${all.length} words`);
  all.forEach((one, place) => {
    for (const other of all.slice(place + 1)) {
      if (other.element === one.element) continue;
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      // Boxes of lines are higher than their letters.
      if (across > 1 && down > 4) faults.push(`"${one.text}" and "${other.text}" overlap by ${across} x ${down}`);
    }
    if (one.left < -0.5 || one.right > innerWidth + 0.5) faults.push(`"${one.text}" sticks out`);
    const inPicture = one.element instanceof SVGElement;
    const style = getComputedStyle(one.element);
    const [ink, paper] = [parse(inPicture ? style.fill : style.color).rgb, inPicture ? groundInPicture(one.element, one) : ground(one.element)].map(luminance);
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (contrast < 4.5) faults.push(`"${one.text}" has a contrast of ${contrast.toFixed(2)}`);
  });
  for (const element of document.querySelectorAll("body *")) {
    const { overflowX, textOverflow } = getComputedStyle(element);
    const cut = overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1 && !(element instanceof SVGElement);
    // What is cut with an ellipsis is meant to be, and a control has its own ways.
    if (cut && textOverflow !== "ellipsis" && !(element instanceof HTMLInputElement)) faults.push(`${element.id || element.className} is cut off`);
    if (element instanceof HTMLButtonElement && element.scrollWidth > element.clientWidth) faults.push(`${element.id} is too narrow`);
  }
  for (const text of document.querySelectorAll("#picture text")) {
    const [box, picture] = [text.getBoundingClientRect(), byId("picture").getBoundingClientRect()];
    if (box.left < picture.left || box.right > picture.right) faults.push(`"${text.textContent}" is cut off in the picture`);
  }
  return faults;
};
