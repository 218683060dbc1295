// Where in the run the reader is, and how they move: step, play, scrub.
//
// The position is a moment (the number of events so far) and a time: that of the last event, or
// later while nothing happens.

/** How long a run of any length plays at speed 1. */
const SECONDS_FOR_ALL = 10;
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 100];
/** Milliseconds between two frames for readers who prefer reduced motion. */
const CALM = 500;

class Player {
  constructor(run) {
    this.run = run;
    this.picture = new Picture(run);
    this.panels = new Panels(run);
    this.last = run.events.length;
    this.playing = false;
    this.part = 0;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.controls = Object.fromEntries(
      ["start", "back", "play", "step", "end", "speed", "scale", "slider", "pace", "plot"].map(
        (id) => [id, document.getElementById(id)],
      ),
    );
    this.listen();
    // A run that took no time has a single position by time.
    if (run.length === 0) this.controls.scale.value = "event";
    this.rescale();
  }

  listen() {
    const { start, back, play, step, end, speed, scale, slider, plot } = this.controls;
    start.addEventListener("click", () => this.goTo(0));
    back.addEventListener("click", () => this.goTo(this.k - 1));
    step.addEventListener("click", () => this.goTo(this.k + 1));
    end.addEventListener("click", () => this.goTo(this.last));
    play.addEventListener("click", () => this.toggle());
    for (const factor of SPEEDS)
      speed.append(new Option(`${factor}×`, factor, factor === 1, factor === 1));
    speed.addEventListener("change", () => this.sayPace());
    scale.addEventListener("change", () => this.rescale());
    slider.addEventListener("input", () => this.scrub(slider.value / slider.max));
    const point = (event) =>
      this.scrub(this.picture.partAt(event.clientX - plot.getBoundingClientRect().left));
    plot.addEventListener(
      "pointerdown",
      (event) => event.button === 0 && (plot.setPointerCapture(event.pointerId), point(event)),
    );
    plot.addEventListener(
      "pointermove",
      (event) => plot.hasPointerCapture(event.pointerId) && point(event),
    );
  }

  get byTime() {
    return this.picture.scale === "time";
  }

  rescale() {
    this.picture.scale = this.controls.scale.value;
    this.picture.draw();
    this.sayPace();
    this.goTo(this.k ?? 0);
  }

  /** Goes to the moment after event `k`. */
  goTo(k) {
    this.pause();
    this.k = Math.min(Math.max(k, 0), this.last);
    this.now = this.run.timeOf(this.k);
    this.part = this.byTime
      ? this.run.length === 0
        ? 0
        : this.now / this.run.length
      : this.last === 0
        ? 0
        : this.k / this.last;
    this.show();
  }

  scrub(part) {
    this.pause();
    this.goToPart(part);
  }

  /** Goes to where this share of the picture is left of the cursor. */
  goToPart(part) {
    this.part = Math.min(Math.max(part, 0), 1);
    if (this.byTime) {
      this.now = this.part * this.run.length;
      this.k = this.run.momentAt(this.part === 1 ? this.run.length : this.now);
    } else {
      this.k = Math.round(this.part * this.last);
      this.now = this.run.timeOf(this.k);
    }
    this.show();
  }

  toggle() {
    if (this.playing) return this.pause();
    if (this.part >= 1) this.goTo(0);
    this.playing = true;
    this.sayPlaying();
    let [before, shown] = [performance.now(), 0];
    const frame = (time) => {
      if (!this.playing) return;
      if (!this.calm.matches || time - shown >= CALM) {
        shown = time;
        this.goToPart(
          this.part +
            (Math.max(0, time - before) / 1e3 / SECONDS_FOR_ALL) * this.controls.speed.value,
        );
        before = time;
      }
      if (this.part >= 1) this.pause();
      else requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.sayPlaying();
  }

  /** Shows whether the run plays. Meanwhile screen readers are silent, or they would not stop. */
  sayPlaying() {
    say(this.controls.play, this.playing ? "Pause" : "Play");
    document.getElementById("sentence").setAttribute("aria-live", this.playing ? "off" : "polite");
  }

  sayPace() {
    const seconds = SECONDS_FOR_ALL / this.controls.speed.value;
    const whole = this.byTime ? short(this.run.length) : count(this.last, "event");
    say(this.controls.pace, `plays ${whole} in ${seconds} s`);
  }

  show() {
    const { slider, start, back, step, end } = this.controls;
    this.picture.moveTo(this.now, this.k);
    this.panels.show(this.k, this.now);
    slider.value = this.part * slider.max;
    const [event, last] = [this.k, this.last].map((number) => number.toLocaleString("en"));
    const where = `${this.run.clock(this.now)}, event ${event} of ${last}`;
    slider.setAttribute("aria-valuetext", where);
    say(document.getElementById("where"), where);
    for (const button of [start, back]) button.setAttribute("aria-disabled", this.k === 0);
    for (const button of [step, end]) button.setAttribute("aria-disabled", this.k === this.last);
  }
}
