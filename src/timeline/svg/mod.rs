//! A run as one picture: lanes of threads, the queue, rows of futures, and the figures.
//!
//! The picture is one SVG file without script or references to other files, so that it can be shown
//! as an image. Each part draws itself on a [`Canvas`](canvas) from a given height on and returns
//! where it ends. [`text`] estimates widths so that a label fits in any common font.
//!
//! What is too short to be seen is [drawn together](pieces), so the size of the file is bounded for
//! any length of run.

mod axis;
mod bars;
mod canvas;
mod futures;
mod lanes;
mod legend;
mod look;
mod marks;
mod outcomes;
mod panel;
mod pieces;
mod profile;
mod queue;
mod scale;
mod text;
mod words;
mod zoom;

use std::fmt;

use super::run::{Lane, Run};
use super::trace::Trace;
use super::words::count;
use canvas::{Anchor, Canvas, Px};
use look::{Definitions, MARGIN, PLOT_LEFT, PLOT_RIGHT, WIDTH};
use outcomes::Outcomes;
use scale::Scale;
use text::{Escaped, HEADING, PLAIN, SMALL, TITLE, clean};

/// Spans shorter than this many pixels are drawn together with their neighbours.
const SHORTEST: f64 = 2.0;
/// Space between two sections.
const BETWEEN: f64 = 18.0;
/// Title of a picture whose trace has none.
const UNTITLED: &str = "A run of a pool";

/// A run as one picture, for a page or for print: `Display` writes it as SVG.
///
/// It has a lane for each thread, with what it did and what it was blocked on; the number of
/// pending tasks; and a row for each future, from its submit until its result is read. The figures
/// are beside it. The picture needs no other file and no script, follows the reader's light or dark
/// scheme, and stays below two megabytes for any length of run.
///
/// ```
/// use std::sync::Arc;
/// use glasspool::ThreadPoolExecutor;
/// use glasspool::timeline::{Recorder, Svg};
///
/// let recorder = Arc::new(Recorder::default());
/// let pool = ThreadPoolExecutor::builder().observer(Arc::clone(&recorder)).build()?;
/// pool.named("square").map(1..=3, |n| n * n).for_each(drop);
/// drop(pool);
///
/// let picture = Svg::of(&recorder.trace().with_title("squares")).to_string();
/// assert!(picture.contains("<title id=\"gp-title\">squares</title>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Svg<'a> {
    trace: &'a Trace,
}

impl<'a> Svg<'a> {
    /// Makes the picture of this trace.
    pub fn of(trace: &'a Trace) -> Self {
        Self { trace }
    }
}

impl fmt::Display for Svg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = Run::of(self.trace);
        let figures = run.figures();
        let title = if self.trace.title().is_empty() { UNTITLED } else { self.trace.title() };
        let title = clean(title);
        let outcomes = Outcomes::of(&run);
        let mut canvas = Canvas::default();
        let mut y = draw_head(&mut canvas, &title, &outcomes, self.trace.missing());
        y = panel::draw(&mut canvas, &figures, y);
        y = draw_threads(&mut canvas, &run, y);
        y = draw_futures(&mut canvas, &run, y);
        y = legend::draw(&mut canvas, y) + MARGIN;
        let (width, height) = (Px(WIDTH), Px(y));
        let (size, labels) = (
            format!("width=\"{width}\" height=\"{height}\""),
            "aria-labelledby=\"gp-title gp-description\"",
        );
        write!(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"glasspool\" ")?;
        write!(f, "viewBox=\"0 0 {width} {height}\" ")?;
        writeln!(f, "{size} role=\"img\" {labels}>")?;
        writeln!(f, "<title id=\"gp-title\">{}</title>", Escaped(&title))?;
        // Screen readers read the description instead of the picture.
        let description = format!("{outcomes} {}", panel::in_a_sentence(&figures));
        writeln!(f, "<desc id=\"gp-description\">{}</desc>", Escaped(&description))?;
        writeln!(f, "{Definitions}<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>")?;
        writeln!(f, "{canvas}</svg>")
    }
}

/// Draws the title, how the tasks ended, and what is missing.
fn draw_head(
    canvas: &mut Canvas,
    title: &str,
    outcomes: &Outcomes,
    missing: Option<String>,
) -> f64 {
    let room = WIDTH - 2.0 * MARGIN;
    let mut y = MARGIN + TITLE.size * 0.8;
    canvas.text(
        TITLE,
        "ink",
        (MARGIN, y),
        Anchor::Start,
        &TITLE.fit(title, room).unwrap_or_default(),
    );
    let missing = missing.map(|missing| format!("The trace is incomplete: {missing}."));
    y += 6.0;
    let (outcomes, colour) = (outcomes.to_string(), if outcomes.are_bad() { "bad" } else { "dim" });
    for (colour, sentence) in [(colour, Some(outcomes.as_str())), ("bad", missing.as_deref())] {
        for line in
            PLAIN.wrap(sentence.unwrap_or_default(), room).iter().filter(|line| !line.is_empty())
        {
            y += PLAIN.size * 1.5;
            canvas.text(PLAIN, colour, (MARGIN, y), Anchor::Start, line);
        }
    }
    y + BETWEEN
}

/// Draws the lanes under a time axis, the queue between callers and workers, and the first instant
/// enlarged.
fn draw_threads(canvas: &mut Canvas, run: &Run<'_>, top: f64) -> f64 {
    let scale = Scale { from: run.from, to: run.to, left: PLOT_LEFT, right: PLOT_RIGHT };
    let lanes = lanes::chosen(run);
    let pitch = lanes::Pitch::of(lanes.len());
    // One grain for all lanes, so that equal spans look equal.
    let grain = pieces::grain(&lanes, scale.length_of(SHORTEST));
    axis::draw_ticks(canvas, scale, top);
    let mut y = top + axis::HEIGHT;
    let (callers, workers): (Vec<&Lane>, Vec<&Lane>) =
        lanes.iter().partition(|lane| lane.worker.is_none());
    if !callers.is_empty() {
        y = lanes::draw_head(canvas, lanes::BLOCKED, pitch, y);
    }
    for lane in callers {
        y = lanes::draw(canvas, run, lane, scale, pitch, grain, y);
    }
    y = queue::draw(canvas, run, scale, y);
    if !workers.is_empty() {
        y = lanes::draw_head(canvas, lanes::BUSY, pitch, y);
    }
    for lane in workers {
        y = lanes::draw(canvas, run, lane, scale, pitch, grain, y);
    }
    axis::draw_lines(canvas, scale, top + axis::HEIGHT - 4.0, y - 4.0);
    if lanes.len() < run.lanes.len() {
        let others = format!(
            "{} that worked and waited less are not drawn",
            count(run.lanes.len() - lanes.len(), "more thread")
        );
        y += SMALL.size;
        canvas.text(SMALL, "dim", (MARGIN, y), Anchor::Start, &others);
        y += BETWEEN / 2.0;
    }
    zoom::draw(canvas, run, y + BETWEEN / 2.0)
}

fn draw_futures(canvas: &mut Canvas, run: &Run<'_>, top: f64) -> f64 {
    let places = futures::chosen(run);
    if places.is_empty() {
        return top;
    }
    let scale = Scale { from: run.from, to: run.to, left: PLOT_LEFT, right: PLOT_RIGHT };
    canvas.text(HEADING, "ink", (MARGIN, top + HEADING.size), Anchor::Start, "futures");
    let mut y = top + HEADING.size + 6.0;
    for line in
        futures::choice(run).map_or(Vec::new(), |choice| SMALL.wrap(&choice, WIDTH - 2.0 * MARGIN))
    {
        y += SMALL.size * 1.4;
        canvas.text(SMALL, "dim", (MARGIN, y), Anchor::Start, &line);
    }
    axis::draw_ticks(canvas, scale, y + 4.0);
    let rows_top = y + 4.0 + axis::HEIGHT;
    let bottom = futures::draw(canvas, run, &places, scale, rows_top);
    axis::draw_lines(canvas, scale, rows_top - 4.0, bottom - 4.0);
    bottom + BETWEEN / 2.0
}
