// The picture of the run: a lane for the queue and one for each thread. It is drawn once for the
// whole run, and the cursor moves over it.

const SVG = "http://www.w3.org/2000/svg";
/** Half the slider's thumb, so that thumb and cursor are aligned; also in page.css. */
const INSET = 9;
const QUEUE_HEIGHT = 44;
/** Greatest number of lanes for each height. The highest lanes have labels. */
const LANE_HEIGHTS = [
  [16, 30],
  [48, 18],
  [Infinity, 8],
];
const LABEL_HEIGHT = 18;
/** Spans narrower than this many pixels are drawn together with their neighbours. */
const NARROW = 2;

const WORDS = {
  running: "running",
  blocked: "blocked",
  callback: "in a callback",
  idle: "idle",
  many: "several spans, too short to be drawn one by one",
  submitted: "submits",
  collected: "reads a result",
  cancelled: "cancels",
  refused: "is refused",
  panicked: "panics",
  lost: "is lost",
  closed: "closes the pool",
  goesOn: "goes on when the recording ends",
};

const MARKS = {
  submitted: "M-4 -4h8l-4 7z",
  collected: "M0 -5l4 5l-4 5l-4 -5z",
  cancelled: "M-4 -4l8 8M4 -4l-8 8",
  refused: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0M-3.5 3.5l7 -7",
  panicked:
    "M-5.5 -3.5l2 -2l3.5 3.5l3.5 -3.5l2 2l-3.5 3.5l3.5 3.5l-2 2l-3.5 -3.5l-3.5 3.5l-2 -2l3.5 -3.5z",
  lost: "M-5 4.5l5 -9l5 9z",
  closed: "M0 -6v12M-3 -6v12",
  goesOn: "M2 -4l4 4l-4 4",
};

function svg(parent, name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes))
    element.setAttribute(attribute, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

class Picture {
  constructor(run) {
    this.run = run;
    this.plot = document.getElementById("plot");
    this.root = document.getElementById("picture");
    this.names = document.getElementById("names");
    this.axis = document.getElementById("axis");
    this.pen = document.createElement("canvas").getContext("2d");
    this.scale = "time";
    new ResizeObserver(() => this.plot.clientWidth === this.width || this.draw()).observe(
      this.plot,
    );
  }

  /** Horizontal position by time, or by the number of the event. */
  x(at, k) {
    const whole = this.scale === "time" ? this.run.length : this.run.events.length;
    const part = whole === 0 ? 0 : (this.scale === "time" ? at : k) / whole;
    return INSET + part * (this.width - 2 * INSET);
  }

  /** Share of the run that is left of a position, from 0 to 1. */
  partAt(x) {
    return Math.min(Math.max((x - INSET) / (this.width - 2 * INSET), 0), 1);
  }

  draw() {
    this.width = this.plot.clientWidth;
    this.pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const height = LANE_HEIGHTS.find(([most]) => this.run.lanes.length <= most)[1];
    const whole = QUEUE_HEIGHT + this.run.lanes.length * height;
    this.root.replaceChildren();
    this.root.setAttribute("viewBox", `0 0 ${this.width} ${whole}`);
    Object.assign(this.root.style, { width: `${this.width}px`, height: `${whole}px` });
    this.drawPatterns();
    this.drawAxis(whole);
    this.drawNames(height);
    this.drawQueue();
    this.run.lanes.forEach((lane, place) =>
      this.drawLane(lane, QUEUE_HEIGHT + place * height, height),
    );
  }

  drawPatterns() {
    const defs = svg(this.root, "defs", {});
    const pattern = (id, size, more) =>
      svg(defs, "pattern", {
        id,
        width: size,
        height: size,
        patternUnits: "userSpaceOnUse",
        ...more,
      });
    const hatch = pattern("hatch", 7, { patternTransform: "rotate(45)" });
    svg(hatch, "rect", { width: 7, height: 7, class: "blocked-ground" });
    svg(hatch, "rect", { width: 2, height: 7, class: "blocked-line" });
    const dots = pattern("dots", 5, {});
    svg(dots, "rect", { width: 5, height: 5, class: "pending-ground" });
    svg(dots, "circle", { cx: 2.5, cy: 2.5, r: 1, class: "pending-dot" });
    const stripes = pattern("stripes", 3, {});
    svg(stripes, "rect", { width: 3, height: 3, class: "many-ground" });
    svg(stripes, "rect", { width: 1.5, height: 3, class: "many-line" });
  }

  drawAxis(height) {
    const byTime = this.scale === "time";
    const whole = byTime ? this.run.length : this.run.events.length;
    this.axis.replaceChildren();
    if (whole === 0) return;
    const step = Math.max(roundStep(whole, Math.max(2, this.width / 110)), 1);
    for (let tick = 0; tick <= whole; tick += step) {
      const x = this.x(tick, tick);
      svg(this.root, "path", { d: `M${x.toFixed(1)} 0v${height}`, class: "grid" });
      const label = document.createElement("span");
      const decimals = Math.max(0, Math.ceil(-Math.log10(step / inUnitSize(whole)) - 1e-9));
      label.textContent = byTime
        ? `${(tick / inUnitSize(whole)).toFixed(decimals)} ${inUnit(whole)[0]}`
        : tick.toLocaleString("en");
      label.style.left = `${x}px`;
      label.classList.toggle("last", x > this.width - 40);
      label.classList.toggle("first", tick === 0);
      this.axis.append(label);
    }
  }

  drawNames(height) {
    const every = Math.ceil(LABEL_HEIGHT / height);
    const name = (text, top, tall, kind = "") => {
      const label = Object.assign(document.createElement("bdi"), { className: kind });
      label.textContent = label.title = text;
      Object.assign(label.style, { top: `${top}px`, height: `${tall}px`, lineHeight: `${tall}px` });
      return label;
    };
    const lanes = this.run.lanes
      .map((lane, place) => [lane, place])
      .filter(([, place]) => place % every === 0);
    this.names.replaceChildren(
      name("queue", 4, LABEL_HEIGHT),
      name(`${this.deepest().toLocaleString("en")} at most`, 4 + LABEL_HEIGHT, LABEL_HEIGHT, "dim"),
      ...lanes.map(([lane, place]) =>
        name(lane.name, QUEUE_HEIGHT + place * height, Math.max(height, LABEL_HEIGHT)),
      ),
    );
  }

  deepest() {
    return this.run.queue.reduce((most, { depth }) => Math.max(most, depth), 0);
  }

  drawQueue() {
    const most = this.deepest();
    const [bottom, top] = [QUEUE_HEIGHT - 6, 8];
    if (most === 0) return;
    const y = (depth) => (bottom - ((bottom - top) * depth) / most).toFixed(1);
    let line = `M${INSET} ${bottom}`;
    for (const { at, k, depth } of this.run.queue)
      line += `H${this.x(at, k).toFixed(1)}V${y(depth)}`;
    line += `H${(this.width - INSET).toFixed(1)}V${bottom}Z`;
    svg(this.root, "path", { d: line, class: "pending" });
  }

  drawLane(lane, top, height) {
    const gap = height > 10 ? 3 : 0.5;
    svg(this.root, "path", {
      d: `M${INSET} ${top + height - 0.5}H${this.width - INSET}`,
      class: "floor",
    });
    for (const bar of this.barsOf(lane)) this.drawBar(bar, top + gap, height - 2 * gap);
    this.drawMarks(lane, top + height / 2, height);
  }

  /**
   * A bar for each span; narrow neighbours share one. An outer bar comes before its inner ones, and
   * its label must end where the first of them begins (`free`).
   */
  barsOf(lane) {
    const bars = [];
    const lasts = [];
    for (const span of lane.spans) {
      const [from, to] = [this.x(span.from, span.opened), this.x(span.to, span.closed)];
      const narrow = to - from < NARROW;
      const last = lasts[span.level];
      if (narrow && last?.narrow && from - last.to < NARROW) {
        last.to = Math.max(last.to, to);
        last.of += 1;
      } else {
        const outer = lasts[span.level - 1];
        if (outer) outer.free = Math.min(outer.free, from);
        bars.push((lasts[span.level] = { span, from, to, narrow, of: 1, free: to }));
      }
    }
    return bars;
  }

  drawBar({ span, from, to, of, free }, top, height) {
    const inside = height > 10 ? Math.min(span.level * 3, height / 3) : 0;
    const width = Math.max(to - from - 0.5, 1);
    const kind = of > 1 ? "many" : span.doing;
    const colour = kind === "running" ? ` ${span.task.colour}` : "";
    const place = {
      x: from.toFixed(1),
      y: top + inside,
      width: width.toFixed(1),
      height: height - inside,
    };
    const bar = svg(this.root, "rect", { ...place, rx: width > 6 ? 2 : 0, class: kind + colour });
    const said =
      of > 1
        ? `${of} spans, from ${this.run.clock(span.from)}`
        : `${doingWhat(span)}: ${short(span.to - span.from)}`;
    svg(bar, "title", {}, span.goesOn ? `${said}, and it goes on` : said);
    if (span.goesOn && span.level === 0)
      svg(this.root, "path", {
        d: MARKS.goesOn,
        transform: `translate(${to.toFixed(1)} ${top + height / 2})`,
        class: "mark",
      });
    if (of > 1 || height < LABEL_HEIGHT || span.doing === "idle") return;
    const words =
      span.doing === "running"
        ? [span.task.name, span.task.label]
        : [doingWhat(span), saying(span).replace(/^on /, ""), span.task?.label ?? ""];
    const fits = words.find((text) => this.pen.measureText(text).width < free - from - 14);
    if (fits)
      svg(
        this.root,
        "text",
        {
          x: (from + 8).toFixed(1),
          y: top + inside + (height - inside) / 2 + 4,
          class: `on-${kind}`,
        },
        fits,
      );
  }

  /** Draws marks; those of one kind that would overlap become one with their number. */
  drawMarks(lane, middle, height) {
    const lasts = new Map();
    const size = Math.min(1, height / 14);
    for (const mark of lane.marks) {
      const x = this.x(mark.at, mark.k);
      const last = lasts.get(mark.what);
      if (last && x - last.x < 5) {
        last.of += 1;
        last.title.textContent = `${WORDS[mark.what]} (${last.of} times)`;
        continue;
      }
      const drawn = svg(this.root, "path", {
        d: MARKS[mark.what],
        transform: `translate(${x.toFixed(1)} ${middle}) scale(${size})`,
        class: `mark ${mark.what}`,
      });
      const title = svg(drawn, "title", {}, `${act(mark)}: ${this.run.clock(mark.at)}`);
      lasts.set(mark.what, { x, of: 1, title });
    }
  }

  moveTo(at, k) {
    const x = this.x(at, k);
    document.getElementById("cursor").style.transform = `translateX(${x}px)`;
    document.getElementById("past").style.width = `${x}px`;
  }
}

/** What a thread does in a span, in words that stand alone. */
function doingWhat(span) {
  if (span.doing === "idle") return WORDS.idle;
  if (span.doing === "callback") return `in ${saying(span)}`;
  return span.on === "room" ? saying(span) : `${WORDS[span.doing]} ${saying(span)}`;
}

/** What a mark says, with the name of its task. */
function act({ what, task }) {
  if (!task) return WORDS[what];
  return what === "collected" ? `reads the result of ${task.name}` : `${WORDS[what]} ${task.name}`;
}

function inUnitSize(ns) {
  return ns / inUnit(ns)[1];
}

/** Explains the patterns and marks that the run has. */
function drawLegend(run) {
  const inLanes = new Set(run.lanes.flatMap((lane) => lane.spans.map(({ doing }) => doing)));
  const marks = new Set(run.lanes.flatMap((lane) => lane.marks.map(({ what }) => what)));
  if (run.lanes.some((lane) => lane.innermost)) marks.add("goesOn");
  const entries = [["swatch pending", "pending"]];
  for (const kind of ["running", "blocked", "callback", "idle"])
    if (inLanes.has(kind)) entries.push([`swatch ${kind}`, WORDS[kind]]);
  if (run.events.length > 500) entries.push(["swatch many", WORDS.many]);
  const list = document.getElementById("legend");
  const item = (text) => {
    const entry = list.appendChild(document.createElement("li"));
    entry.textContent = text;
    return entry;
  };
  for (const [name, text] of entries)
    item(text).prepend(Object.assign(document.createElement("span"), { className: name }));
  for (const what of Object.keys(MARKS)) {
    if (!marks.has(what)) continue;
    const entry = item(WORDS[what]);
    const sign = svg(entry, "svg", {
      viewBox: "-7 -7 14 14",
      width: 14,
      height: 14,
      "aria-hidden": true,
    });
    svg(sign, "path", { d: MARKS[what], class: `mark ${what}` });
    entry.prepend(sign);
  }
}
