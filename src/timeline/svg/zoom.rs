//! Draws the first instant of a run enlarged, if much happened in it.
//!
//! A pool often begins with a burst: everything is submitted and all workers start within a
//! thousandth of the run. Threads without an event in the instant are counted and not drawn.

use super::canvas::{Anchor, Area, Canvas};
use super::look::{MARGIN, PLOT_LEFT, PLOT_RIGHT, WIDTH};
use super::scale::{Scale, steps};
use super::text::{HEADING, SMALL};
use super::{BETWEEN, SHORTEST, axis, lanes, pieces};
use crate::timeline::run::{Lane, Marked, Run};
use crate::timeline::words::{count, short};

/// The instant is at most this part of the run.
const INSTANT: u64 = 100;
/// Conditions for drawing it: its share of all submits and starts, their least number, and the
/// least number of starts.
const MANY: usize = 3;
const AT_LEAST: usize = 4;
const STARTS_AT_LEAST: usize = 2;
/// Most lanes, and the part of them that may be of threads other than workers.
const MOST_LANES: usize = 12;
const CALLERS: usize = 3;

/// Returns the length of the instant, a round number; `None` if it is not worth drawing.
fn instant(run: &Run<'_>) -> Option<u64> {
    let is_within = |past: &u64| *past <= run.length() / INSTANT;
    let submits =
        run.lanes.iter().flat_map(|lane| &lane.marks).filter_map(|mark| match mark.what {
            Marked::Submitted(_) => Some(mark.at - run.from),
            _ => None,
        });
    let starts: Vec<u64> =
        run.lives.iter().filter_map(|life| Some(life.started?.at - run.from)).collect();
    // A burst of submits with a single start is visible in the whole picture as well.
    if starts.iter().copied().filter(is_within).count() < STARTS_AT_LEAST {
        return None;
    }
    let all: Vec<u64> = submits.chain(starts).collect();
    let within: Vec<u64> = all.iter().copied().filter(is_within).collect();
    if within.len() < AT_LEAST || within.len() < all.len() / MANY {
        return None;
    }
    let last = within.into_iter().max()?;
    steps().find(|&length| length > last + last / 10).filter(|&length| length < run.length())
}

/// Draws the instant if it is worth it, and returns where it ends.
pub(super) fn draw(canvas: &mut Canvas, run: &Run<'_>, top: f64) -> f64 {
    let Some(length) = instant(run) else { return top };
    let to = run.from.saturating_add(length).min(run.to);
    let scale = Scale { from: run.from, to, left: PLOT_LEFT, right: PLOT_RIGHT };
    // Threads that begin later would be empty lanes.
    let there: Vec<&Lane> = run.lanes.iter().filter(|lane| lane.from <= to).collect();
    let (callers, workers): (Vec<&Lane>, Vec<&Lane>) =
        there.iter().partition(|lane| lane.worker.is_none());
    let callers = callers.into_iter().take(MOST_LANES / CALLERS);
    let lanes: Vec<&Lane> = callers.chain(workers).take(MOST_LANES).collect();
    let pitch = lanes::Pitch::of(lanes.len());
    let grain = pieces::grain(&lanes, scale.length_of(SHORTEST));

    let heading = format!("The first {}, ×{}", short(length), Rounded(run.length() / length));
    canvas.text(HEADING, "ink", (MARGIN, top + 22.0), Anchor::Start, &heading);
    axis::draw_ticks(canvas, scale, top + 32.0);
    let lanes_top = top + 32.0 + axis::HEIGHT;
    let mut y = lanes_top;
    for lane in &lanes {
        y = lanes::draw(canvas, run, lane, scale, pitch, grain, y);
    }
    axis::draw_lines(canvas, scale, lanes_top - 4.0, y - 4.0);
    if let Some(others) = others(there.len() - lanes.len(), run.lanes.len() - there.len()) {
        y += SMALL.size;
        canvas.text(SMALL, "dim", (MARGIN, y), Anchor::Start, &others);
        y += BETWEEN / 2.0;
    }
    let frame = Area { x: MARGIN / 2.0, y: top, width: WIDTH - MARGIN, height: y - top };
    canvas.rectangle("frame", frame);
    frame.bottom() + BETWEEN
}

/// Says how many threads are not shown.
fn others(left_out: usize, later: usize) -> Option<String> {
    let begin = if later == 1 { "begins" } else { "begin" };
    match (left_out, later) {
        (0, 0) => None,
        (0, _) => Some(format!("{} {begin} later", count(later, "other"))),
        (_, 0) => Some(format!("{} not drawn here", count(left_out, "other"))),
        _ => {
            Some(format!("{} not drawn here; {later} more {begin} later", count(left_out, "other")))
        }
    }
}

/// Displays a number with two significant digits and separated thousands.
struct Rounded(u64);

impl std::fmt::Display for Rounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.0.checked_ilog10().unwrap_or(0);
        let step = 10_u64.pow(digits.saturating_sub(1));
        let rounded = (self.0.saturating_add(step / 2) / step * step).to_string();
        rounded.char_indices().try_for_each(|(place, digit)| {
            let sets_apart = place > 0 && (rounded.len() - place) % 3 == 0;
            write!(f, "{}{digit}", if sets_apart { "\u{a0}" } else { "" })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_round() {
        for (factor, said) in [
            (1, "1"),
            (104, "100"),
            (10_009, "10\u{a0}000"),
            (25_412, "25\u{a0}000"),
            (996, "1\u{a0}000"),
        ] {
            assert_eq!(Rounded(factor).to_string(), said);
        }
        let _ = Rounded(u64::MAX).to_string();
    }

    #[test]
    fn whoever_is_not_shown_is_counted() {
        assert_eq!(others(0, 0), None);
        assert_eq!(others(0, 1).as_deref(), Some("1 other begins later"));
        assert_eq!(others(3, 2).as_deref(), Some("3 others not drawn here; 2 more begin later"));
    }
}
