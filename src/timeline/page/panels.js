// The panels beneath the picture: the state of the run at one moment.

/** Most rows of each list; the others are counted. */
const ROWS = { queue: 12, workers: 24, callers: 12, futures: 60 };
/** Of the futures that ended, at least this many are shown, the latest ones. */
const ENDED_AT_LEAST = 3;
const SENTENCES = 6;

class Panels {
  constructor(run) {
    this.run = run;
    this.workers = run.lanes.filter((lane) => lane.isWorker);
    this.callers = run.lanes.filter((lane) => !lane.isWorker);
  }

  show(k, now) {
    const event = this.run.events[k - 1];
    this.subjects = event ? [this.run.laneOf[event.thread], this.run.tasks.get(event.task)] : [];
    this.showSentences(k);
    this.showQueue(k, now);
    this.showLanes(
      "workers",
      this.workers.filter((lane) => lane.first <= k),
      k,
      now,
    );
    this.showLanes("callers", this.callers, k, now);
    this.showFutures(k);
  }

  showSentences(k) {
    const ready =
      this.run.events.length === 0
        ? "Nothing has happened in this run."
        : "Nothing has happened yet.";
    const sentence = document.getElementById("sentence");
    say(sentence, k > 0 ? this.run.sentences[k - 1] : ready);
    // A long sentence is cut, so that nothing beneath it moves; the list of sentences has it whole.
    sentence.title = sentence.scrollHeight > sentence.clientHeight ? sentence.textContent : "";
    const latest = [];
    for (let event = k; event > 0 && latest.length < SENTENCES; event -= 1) latest.push(event);
    list(
      "before",
      latest,
      SENTENCES,
      (event) => ({
        text: this.run.sentences[event - 1],
        note: this.run.clock(this.run.timeOf(event)),
      }),
      ready,
    );
  }

  showQueue(k, now) {
    const pending = this.run.queueAt(k);
    sum("queue", [[pending.length, "pending"]]);
    list(
      "queue",
      pending,
      ROWS.queue,
      (task) => ({
        id: task.label,
        state: "pending",
        text: task.name,
        note: lasting(now - this.run.timeOf(task.submitted)),
        subject: this.subjects.includes(task),
      }),
      "The queue is empty.",
    );
  }

  showLanes(id, lanes, k, now) {
    const rows = lanes.map((lane) => this.laneAt(lane, k, now));
    const words = new Map();
    for (const { state } of rows) if (state) words.set(state, (words.get(state) ?? 0) + 1);
    sum(
      id,
      [...words].map(([word, number]) => [number, word]),
    );
    list(
      id,
      rows,
      ROWS[id],
      (row) => row,
      id === "workers" ? "No worker yet." : "No thread but the workers'.",
    );
  }

  laneAt(lane, k, now) {
    const row = { title: lane.name, subject: this.subjects.includes(lane) };
    if (k >= lane.gone)
      return { ...row, state: "gone", note: `since ${this.run.clock(lane.goneAt)}` };
    const span = lane.doingAt(k);
    if (!span)
      return lane.isWorker
        ? { ...row, state: "idle", text: "looks for a task" }
        : { ...row, text: this.lastActOf(lane, k) };
    // While a callback runs, the thread counts as running.
    const state = span.doing === "callback" ? "running" : span.doing;
    const inside = span.outer ? `inside ${saying(span.outer)}` : "";
    return {
      ...row,
      state,
      colour: span.doing === "running" ? span.task.colour : "",
      text: saying(span),
      inside,
      note: lasting(now - span.from),
    };
  }

  lastActOf(lane, k) {
    const mark = lane.marks[lastUpTo(lane.marks, k, (mark) => mark.k)];
    if (!mark) return "does something else";
    return `last: ${act(mark)}`;
  }

  showFutures(k) {
    const known = this.run.inOrder.filter((task) => task.first <= k);
    const states = this.run.tasksAt(k);
    sum(
      "futures",
      ["pending", "running", "finished", "cancelled", "refused", "unknown"]
        .filter((state) => states.has(state))
        .map((state) => [states.get(state), state]),
    );
    const open = known.filter((task) => task.ended > k);
    const ended = known.filter((task) => task.ended <= k).sort((a, b) => b.ended - a.ended);
    const room = Math.max(ENDED_AT_LEAST, ROWS.futures - open.length);
    const shown = [...ended.slice(0, room), ...open].sort((a, b) => a.place - b.place);
    const blocked = this.blockedAt(k);
    list(
      "futures",
      shown,
      ROWS.futures,
      (task) => this.futureAt(task, k, blocked),
      "No future yet.",
      known.length - shown.length,
    );
  }

  futureAt(task, k, blocked) {
    const marks = [];
    if (task.ended <= k) marks.push(task.how);
    if (blocked.has(task)) marks.push(blocked.get(task));
    if (task.ended <= k && task.rank > 0) marks.push(`${ordinal(task.rank)} to end`);
    if (task.collected <= k) marks.push(`${ordinal(task.collectedRank)} result read`);
    return {
      id: task.label,
      state: task.stateAt(k),
      colour: task.colour,
      text: task.name,
      note: marks.join(" · "),
      subject: this.subjects.includes(task),
    };
  }

  /** The tasks that are blocked, each with what it is blocked on. */
  blockedAt(k) {
    const blocked = new Map();
    for (const lane of this.run.lanes) {
      const span = lane.doingAt(k);
      if (span?.doing !== "blocked") continue;
      let around = span.outer;
      while (around && around.doing !== "running") around = around.outer;
      if (around) blocked.set(around.task, doingWhat(span));
    }
    return blocked;
  }
}

function lasting(ns) {
  return ns > 0 ? `for ${short(ns)}` : "from now on";
}

/** Sets a text unless it is the same already: a screen reader would read it out again. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function sum(id, parts) {
  say(
    document.getElementById(`${id}-sum`),
    parts.map(([number, word]) => `${number.toLocaleString("en")} ${word}`).join(" · "),
  );
}

/**
 * Fills a list with at most `most` rows, and counts the others. Elements are reused, so that the
 * reader's selection and scroll position stay.
 */
function list(id, all, most, rowOf, ifEmpty, before = 0) {
  const parent = document.getElementById(id);
  const rows = all.slice(0, most).map(rowOf);
  if (before > 0) rows.unshift({ more: `${before.toLocaleString("en")} more ended before` });
  if (all.length > most)
    rows.push({ more: `and ${(all.length - most).toLocaleString("en")} more` });
  if (rows.length === 0 && ifEmpty) rows.push({ more: ifEmpty });
  while (parent.children.length > rows.length) parent.lastChild.remove();
  while (parent.children.length < rows.length) parent.append(newRow());
  rows.forEach((row, place) => fill(parent.children[place], row));
  // A list that scrolls must be reachable by keyboard.
  parent.tabIndex = parent.scrollHeight > parent.clientHeight ? 0 : -1;
}

function newRow() {
  const row = document.createElement("li");
  const part = (tag, name) => Object.assign(document.createElement(tag), { className: name });
  row.append(
    part("bdi", "title"),
    part("span", "state"),
    part("bdi", "text"),
    part("bdi", "inside"),
    part("bdi", "note"),
  );
  return row;
}

function fill(row, { id, title, state, colour, text, inside, note, more, subject }) {
  const [titleOf, stateOf, textOf, insideOf, noteOf] = row.children;
  say(titleOf, title ?? "");
  say(stateOf, state ?? "");
  say(textOf, more ?? text ?? "");
  say(insideOf, inside ?? "");
  say(noteOf, note ?? "");
  stateOf.className = `state ${state ?? ""} ${colour ?? ""}`;
  row.className = [more ? "more" : "", subject ? "subject" : ""].join(" ").trim();
  if (id) row.dataset.future = id;
  else delete row.dataset.future;
}
