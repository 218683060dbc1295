//! The time axis: ticks above, and lines through all that is below.

use super::canvas::{Anchor, Canvas};
use super::scale::Scale;
use super::text::SMALL;

/// How high what is written at the ticks is.
pub(super) const HEIGHT: f64 = 22.0;

/// Draws what is written at the ticks, from this height on.
pub(super) fn draw_ticks(canvas: &mut Canvas, scale: Scale, top: f64) {
    for (at, label) in scale.ticks() {
        canvas.text(SMALL, "dim", (scale.x(at), top + SMALL.size), Anchor::Middle, &label);
    }
}

/// Draws the lines, between these heights.
pub(super) fn draw_lines(canvas: &mut Canvas, scale: Scale, top: f64, bottom: f64) {
    for (at, _) in scale.ticks() {
        canvas.line_behind("grid", (scale.x(at), top), (scale.x(at), bottom));
    }
}
