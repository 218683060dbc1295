//! The number of pending tasks, as a line of steps.

use std::fmt::Write as _;

use super::canvas::{Anchor, Area, Canvas, Px};
use super::look::{GAP, MARGIN, PLOT_LEFT};
use super::scale::Scale;
use super::text::{SMALL, STRONG};
use crate::timeline::run::Run;
use crate::timeline::words::short;

const HEIGHT: f64 = 40.0;
const BELOW: f64 = 14.0;
/// How far the peak stays below the top of the lane.
const HEADROOM: f64 = 4.0;
/// Width of a step, and of a part with a hover text.
const STEP: f64 = 1.0;
const SLICE: f64 = 24.0;

/// Draws the queue and returns where it ends.
pub(super) fn draw(canvas: &mut Canvas, run: &Run<'_>, scale: Scale, top: f64) -> f64 {
    let area = Area { x: scale.left, y: top, width: scale.width(), height: HEIGHT };
    let peak = run.queue.iter().map(|&(_, pending)| pending).max().unwrap_or(0);
    canvas.rectangle_behind("lane", area);
    canvas.text(STRONG, "ink", (MARGIN, top + 14.0), Anchor::Start, "queue");
    let most =
        if peak == 0 { "no task pending".to_owned() } else { format!("at most {peak} pending") };
    let most = SMALL.fit(&most, PLOT_LEFT - GAP - MARGIN).unwrap_or_default();
    canvas.text(SMALL, "dim", (MARGIN, top + 30.0), Anchor::Start, &most);
    if peak > 0 {
        canvas.path(
            "bar pending",
            (area.x, area.bottom()),
            &outline(&run.queue, peak, scale, area),
        );
        for (from, to, most) in most_in_each(&run.queue, scale, SLICE) {
            let (x, right) = (scale.x(from), scale.x(to));
            let when = format!("from {} to {}", short(from - run.from), short(to - run.from));
            canvas.with_hover(&[format!("at most {most} pending"), when], |canvas| {
                canvas.rectangle("slice", Area { x, width: right - x, ..area });
            });
        }
    }
    area.bottom() + BELOW
}

/// Divides the time into parts of this width, each with the most pending tasks in it.
fn most_in_each(queue: &[(u64, usize)], scale: Scale, width: f64) -> Vec<(u64, u64, usize)> {
    let length = scale.length_of(width);
    let (mut parts, mut from, mut pending, mut place) = (Vec::new(), scale.from, 0, 0);
    while from < scale.to {
        let to = from.saturating_add(length).min(scale.to);
        let mut most =
            if queue.get(place).is_some_and(|&(at, _)| at <= from) { 0 } else { pending };
        while let Some(&(at, now)) = queue.get(place).filter(|&&(at, _)| at < to || to == scale.to)
        {
            debug_assert!(at >= from || place == 0, "it is sorted");
            most = most.max(now);
            (pending, place) = (now, place + 1);
        }
        parts.push((from, to, most.max(pending)));
        from = to;
    }
    parts
}

/// Returns the line of steps as a closed path from its lower left corner.
#[expect(clippy::cast_precision_loss, reason = "no queue is that long")]
fn outline(queue: &[(u64, usize)], peak: usize, scale: Scale, area: Area) -> String {
    let height = |pending: usize| pending as f64 / peak as f64 * (area.height - HEADROOM);
    let mut path = String::new();
    let mut last = None;
    for (from, _, most) in most_in_each(queue, scale, STEP) {
        if last != Some(most) {
            // Writing to a `String` cannot fail.
            let _ = write!(path, "H{}V{}", Px(scale.x(from)), Px(area.bottom() - height(most)));
            last = Some(most);
        }
    }
    format!("{path}H{}V{}z", Px(scale.right), Px(area.bottom()))
}
