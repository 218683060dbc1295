//! Explains the patterns and marks that the picture has.

use super::canvas::{Anchor, Area, Canvas};
use super::look::{MARGIN, WIDTH};
use super::marks::{draw_shape, shape_of};
use super::text::{HEADING, SMALL};
use crate::kernel::event::Shutdown;
use crate::kernel::id::PoolId;
use crate::timeline::run::{Mark, Marked};

const COLUMNS: usize = 4;
const LINE: f64 = 22.0;
const PADDING: f64 = 14.0;
const SWATCH: f64 = 30.0;

enum Sample {
    Bar(&'static str),
    JaggedBar,
    Mark(Marked),
    Badge(&'static str, &'static str),
    Wait,
}

impl Sample {
    /// Returns `true` if the picture has one.
    fn is_used(&self, canvas: &Canvas) -> bool {
        let is_there = |class| canvas.has_drawn(class);
        match *self {
            // A sample is recognised by its last class; tasks have one of several colours.
            Self::Bar(class) | Self::Badge(class, _) => {
                is_there(class.trim_end_matches("-0").rsplit(' ').next().unwrap_or(class))
            }
            Self::JaggedBar => is_there("teeth"),
            Self::Wait => is_there("waits"),
            Self::Mark(what) => is_there(shape_of(what)),
        }
    }
}

/// Stands for the mark of any closing.
const CLOSED: Marked = Marked::Closed(PoolId(0), Shutdown::Drain);

const SAMPLES: [(Sample, &str); 16] = [
    (Sample::Bar("bar task-0"), "running a task"),
    (Sample::JaggedBar, "a task that panicked"),
    (Sample::Bar("bar many"), "many short tasks"),
    (Sample::Bar("bar blocked"), "blocked, as its label says"),
    (Sample::Bar("bar callback"), "in a callback"),
    (Sample::Bar("bar idle"), "idle"),
    (Sample::Bar("bar pending"), "pending in the queue"),
    (Sample::Wait, "done, result not yet read"),
    (Sample::Mark(Marked::Submitted(0)), "submitted"),
    (Sample::Mark(Marked::Collected(0)), "result read, and in which order"),
    (Sample::Mark(Marked::Cancelled(0)), "cancelled"),
    (Sample::Mark(Marked::Refused(0)), "refused"),
    (Sample::Mark(CLOSED), "pool closed"),
    (Sample::Badge("badge", "on-badge"), "ended, and in which order"),
    (Sample::Badge("alarm", "on-badge"), "panicked or lost"),
    (Sample::Badge("void hollow", "ink"), "cancelled or refused"),
];

/// Draws the legend and returns where it ends.
pub(super) fn draw(canvas: &mut Canvas, top: f64) -> f64 {
    let samples: Vec<_> = SAMPLES.iter().filter(|(sample, _)| sample.is_used(canvas)).collect();
    if samples.is_empty() {
        return top;
    }
    let lines = samples.len().div_ceil(COLUMNS);
    let height = 2.0 * PADDING + HEADING.size + lines_high(lines);
    let panel = Area { x: MARGIN, y: top, width: WIDTH - 2.0 * MARGIN, height };
    canvas.rectangle("panel", panel);
    canvas.text(
        HEADING,
        "ink",
        (panel.x + PADDING, top + PADDING + HEADING.size * 0.8),
        Anchor::Start,
        "Legend",
    );
    // `lines_high` doubles as a conversion of small counts to `f64` without a cast.
    let column_width = (panel.width - 2.0 * PADDING) / lines_high(COLUMNS) * LINE;
    for (place, (sample, meaning)) in samples.into_iter().enumerate() {
        let x = panel.x + PADDING + lines_high(place / lines) / LINE * column_width;
        let y = top + PADDING + HEADING.size + 8.0 + lines_high(place % lines);
        let swatch = Area { x, y, width: SWATCH, height: 14.0 };
        draw_sample(canvas, sample, swatch);
        canvas.text(
            SMALL,
            "ink",
            (x + SWATCH + 8.0, swatch.baseline(SMALL)),
            Anchor::Start,
            meaning,
        );
    }
    panel.bottom()
}

fn lines_high(lines: usize) -> f64 {
    (0..lines).map(|_| LINE).sum()
}

fn draw_sample(canvas: &mut Canvas, sample: &Sample, swatch: Area) {
    let (middle, half) = (swatch.x + swatch.width / 2.0, swatch.y + swatch.height / 2.0);
    match sample {
        Sample::Bar(class) => canvas.rectangle(class, swatch),
        Sample::JaggedBar => {
            canvas.rectangle("bar task-0", swatch);
            canvas.path("teeth", (swatch.right(), swatch.y), "l-5 3.5l5 3.5l-5 3.5l5 3.5z");
        }
        Sample::Mark(what) => draw_shape(canvas, &Mark { at: 0, what: *what }, middle, half),
        Sample::Badge(class, colour) => {
            let badge = Area { x: middle - 8.5, y: half - 8.5, width: 17.0, height: 17.0 };
            canvas.badge(class, badge);
            canvas.text(SMALL, colour, (middle, badge.baseline(SMALL)), Anchor::Middle, "1");
        }
        Sample::Wait => canvas.line("waits", (swatch.x, half), (swatch.right(), half)),
    }
}
