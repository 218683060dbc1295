//! The time axis: ticks above the lanes, and lines through them.

use super::canvas::{Anchor, Canvas};
use super::scale::Scale;
use super::text::SMALL;

/// Height of the labels at the ticks.
pub(super) const HEIGHT: f64 = 22.0;

/// Draws the labels at the ticks, from this height on.
pub(super) fn draw_ticks(canvas: &mut Canvas, scale: Scale, top: f64) {
    for (at, label) in scale.ticks() {
        canvas.text(SMALL, "dim", (scale.x(at), top + SMALL.size), Anchor::Middle, &label);
    }
}

/// Draws the lines of the ticks between these heights.
pub(super) fn draw_lines(canvas: &mut Canvas, scale: Scale, top: f64, bottom: f64) {
    for (at, _) in scale.ticks() {
        canvas.line_behind("grid", (scale.x(at), top), (scale.x(at), bottom));
    }
}
