// The run, put together from the lines of the trace as `timeline/run` does it in Rust.
//
// Events are numbered from 1, in order; moment `k` is the one after event `k`, and moment 0 the one
// before all events. The state at a moment is looked up by its number, so the reader may jump.

const NEVER = Infinity;
/** Longest name in characters; the sentence of the submit shows more of it. */
const NAME_AT_MOST = 48;
/** Number of colours that tasks take in turn; page.css defines them. */
const TASK_COLOURS = 6;

/** A task: the numbers of the events of its life, and how it ended. */
class Task {
  constructor(id, first) {
    Object.assign(this, { id, first, label: `F${id}`, name: `F${id}`, place: 0, colour: "" });
    Object.assign(this, { submitted: NEVER, started: NEVER, ended: NEVER, collected: NEVER });
    Object.assign(this, { end: "", how: "", rank: 0, collectedRank: 0 });
  }

  /** The task's state in a word; empty before its first event. */
  stateAt(k) {
    if (this.ended <= k) return this.end;
    if (this.started <= k) return "running";
    if (this.submitted <= k) return "pending";
    return this.first <= k ? "unknown" : "";
  }
}

/**
 * A thread. What it does is a stack of spans; `changes` has the innermost one after each event that
 * changed it.
 */
class Lane {
  constructor(name, worker) {
    Object.assign(this, { name: harmless(name), isWorker: worker !== undefined });
    Object.assign(this, {
      spans: [],
      marks: [],
      innermost: null,
      first: NEVER,
      gone: NEVER,
      firstAt: 0,
      goneAt: 0,
    });
    this.changes = [];
  }

  open(k, at, doing, more) {
    const outer = this.innermost;
    const span = {
      doing,
      from: at,
      to: at,
      opened: k,
      closed: k,
      level: outer ? outer.level + 1 : 0,
      outer,
      ...more,
    };
    this.spans.push(span);
    this.turnTo(k, span);
  }

  close(k, at, isMeant) {
    let meant = this.innermost;
    while (meant && !isMeant(meant)) meant = meant.outer;
    if (!meant) return;
    for (let span = this.innermost; span !== meant.outer; span = span.outer)
      Object.assign(span, { to: at, closed: k });
    this.turnTo(k, meant.outer);
  }

  /** Draws spans without an end up to the last event, and marks them as going on. */
  leaveOpen(k, at) {
    for (let span = this.innermost; span; span = span.outer)
      Object.assign(span, { to: at, closed: k, goesOn: true });
  }

  turnTo(k, innermost) {
    this.innermost = innermost;
    this.changes.push({ k, innermost });
  }

  /** The innermost span at a moment, if any. */
  doingAt(k) {
    return this.changes[lastUpTo(this.changes, k, (change) => change.k)]?.innermost ?? null;
  }

  isThereAt(k) {
    return this.first <= k && k < this.gone;
  }
}

/** Index of the last item of a sorted array that is not above the limit; -1 if all are above. */
function lastUpTo(row, limit, key) {
  let [low, high] = [0, row.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(row[middle]) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

class Run {
  constructor({ lanes, sentences, trace }) {
    this.sentences = sentences.map(harmless);
    this.events = trace.filter((line) => "event" in line);
    const threads = trace.filter((line) => "thread" in line && !("event" in line));
    /** The lanes in the order in which they are drawn, and by the numbers of their threads. */
    this.lanes = lanes.map(({ thread, name }) => new Lane(name, threads[thread].worker));
    this.laneOf = [];
    lanes.forEach(({ thread }, place) => (this.laneOf[thread] = this.lanes[place]));
    this.tasks = new Map();
    this.start = this.events[0]?.ns ?? 0;
    this.length = (this.events.at(-1)?.ns ?? 0) - this.start;
    /** Writes a time of the run. */
    this.clock = clockFor(this.events.map(({ ns }) => ns - this.start));
    this.ended = 0;
    this.collected = 0;
    this.events.forEach((event, place) => this.take(event, place + 1));
    /** The tasks, ordered by their first events. */
    this.inOrder = [...this.tasks.values()];
    this.inOrder.forEach((task, place) =>
      Object.assign(task, { place, colour: `task-${place % TASK_COLOURS}` }),
    );
    this.queue = this.depths();
    for (const lane of this.lanes) lane.leaveOpen(this.events.length, this.length);
  }

  /** Time of a moment's event since the first event. */
  timeOf(k) {
    return k > 0 ? this.events[k - 1].ns - this.start : 0;
  }

  momentAt(time) {
    return lastUpTo(this.events, time + this.start, (event) => event.ns) + 1;
  }

  /** Number of tasks in each state at a moment. */
  tasksAt(k) {
    const states = new Map();
    for (const task of this.inOrder) {
      if (task.first > k) break;
      const state = task.stateAt(k);
      states.set(state, (states.get(state) ?? 0) + 1);
    }
    return states;
  }

  queueAt(k) {
    return this.inOrder
      .filter((task) => task.stateAt(k) === "pending")
      .sort((a, b) => a.submitted - b.submitted);
  }

  take(event, k) {
    const lane = this.laneOf[event.thread];
    const at = event.ns - this.start;
    const task = this.task(event.task, k);
    if (lane.first === NEVER) Object.assign(lane, { first: k, firstAt: at });
    const mark = (what) => lane.marks.push({ what, at, k, task });
    const end = (state, how) => {
      if (task.ended !== NEVER) return;
      if (state !== "refused") task.rank = ++this.ended;
      Object.assign(task, { ended: k, end: state, how });
    };
    switch (event.event) {
      case "submitted":
        Object.assign(task, { submitted: k, name: nameOf(event) });
        return mark("submitted");
      case "refused":
        end("refused", "the pool did not take it");
        return mark("refused");
      case "started":
        if (lane.innermost?.doing === "idle") lane.close(k, at, (span) => span.doing === "idle");
        task.started = k;
        return lane.open(k, at, "running", { task });
      case "finished":
        lane.close(k, at, (span) => span.doing === "running" && span.task === task);
        if (event.how !== "returned") mark(event.how);
        return end("finished", event.how);
      case "cancelled":
        end("cancelled", whyOf(event));
        return mark("cancelled");
      case "collected":
        if (task.collected === NEVER)
          Object.assign(task, { collected: k, collectedRank: ++this.collected });
        return mark("collected");
      case "callback-began":
        return lane.open(k, at, "callback", { task });
      case "callback-ended":
        return lane.close(k, at, (span) => span.doing === "callback" && span.task === task);
      case "blocked":
        return lane.open(k, at, "blocked", { task, on: event.on, of: event.of });
      case "unblocked":
        this.task(event.by, k);
        return lane.close(k, at, (span) => span.doing === "blocked");
      case "worker-idle":
        return lane.innermost || lane.open(k, at, "idle", {});
      case "worker-gone":
        Object.assign(lane, { gone: k, goneAt: at });
        return lane.close(k, at, (span) => !span.outer);
      case "closed":
        return mark("closed");
    }
  }

  task(id, k) {
    if (id === undefined) return undefined;
    if (!this.tasks.has(id)) this.tasks.set(id, new Task(id, k));
    return this.tasks.get(id);
  }

  /** Number of pending tasks from each moment at which it changed. */
  depths() {
    const changes = this.inOrder
      .filter((task) => task.submitted !== NEVER)
      .flatMap((task) => [
        [task.submitted, 1],
        [Math.min(task.started, task.ended), -1],
      ])
      .filter(([k]) => k !== NEVER)
      .sort(([a], [b]) => a - b);
    let depth = 0;
    return changes.map(([k, change]) => ({ k, at: this.timeOf(k), depth: (depth += change) }));
  }
}

/** A task's id and name as far as they are known: `F3 loiter[3]`. */
function nameOf({ task, name, item }) {
  const letters = [...(name ?? "")];
  const fits =
    letters.length <= NAME_AT_MOST
      ? letters.join("")
      : `${letters
          .slice(0, NAME_AT_MOST - 1)
          .join("")
          .trimEnd()}…`;
  const parts = [fits, item === undefined ? "" : `[${item}]`].join("");
  return harmless(parts === "" ? `F${task}` : `F${task} ${parts}`);
}

function whyOf({ why, because }) {
  const said = {
    "by-caller": "by its caller",
    "by-shutdown": "by shutdown",
    "task-dropped": "it was dropped unrun",
    "pool-broke": "the pool broke",
    refused: "refused",
  };
  return harmless((said[why] ?? why) + (because ? `: ${because}` : ""));
}

/** What a thread does in a span, in words. */
function saying({ doing, task, on, of }) {
  if (doing === "running") return task.name;
  if (doing === "callback") return `a callback of ${task.name}`;
  if (doing === "idle") return "asleep";
  const words = {
    task: `on ${task?.label}`,
    "any-of": of === 1 ? "on the last future" : `on any of ${of} futures`,
    room: "waiting for room",
    shutdown: "on the pool's end",
  };
  return words[on];
}
