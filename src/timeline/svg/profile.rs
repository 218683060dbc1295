//! How busy a thread was over many short spans: a line of steps for work and for waits.

use std::fmt::Write as _;

use super::canvas::{Area, Px};
use super::pieces::innermost;
use super::scale::Scale;
use crate::timeline::run::{Doing, Span};

/// Shares of each step that were work and wait, from 0 to 1.
pub(super) struct Profile {
    steps: Vec<(f64, f64)>,
    step: f64,
    height: f64,
}

impl Profile {
    /// Greatest width of a step.
    pub(super) const STEP: f64 = 3.0;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "there are as many steps as fit in a picture"
    )]
    pub(super) fn of(spans: &[Span], scale: Scale, area: Area) -> Self {
        let count = (area.width / Self::STEP).ceil().max(1.0);
        let step = area.width / count;
        let mut steps = vec![(0.0, 0.0); count as usize];
        let last = steps.len() - 1;
        // The width is not a whole number of steps: rounding must not leave the picture.
        let step_at = |x: f64| ((x - area.x) / step).floor().max(0.0) as usize;
        innermost(spans, |from, to, doing| {
            let (x, right) = (scale.x(from), scale.x(to));
            let touched = step_at(x).min(last)..=step_at(right).min(last);
            for (place, (work, blocked)) in touched.clone().zip(&mut steps[touched]) {
                let begins = area.x + place as f64 * step;
                let part = ((right.min(begins + step) - x.max(begins)) / step).max(0.0);
                match doing {
                    Doing::Running(_) | Doing::CallingBack(_) => *work += part,
                    Doing::Blocked { .. } => *blocked += part,
                    Doing::Idle => {}
                }
            }
        });
        Self { steps, step, height: area.height }
    }

    pub(super) fn is_ever_blocked(&self) -> bool {
        self.steps.iter().any(|&(_, blocked)| blocked > 0.0)
    }

    /// Returns the area between a lower and an upper line of steps, as a path from its lower left
    /// corner. (Writing to a `String` cannot fail.)
    pub(super) fn outline(&self, ends: impl Fn((f64, f64)) -> (f64, f64)) -> String {
        let mut there = String::new();
        let mut back = String::new();
        let mut now = 0.0;
        for &step in &self.steps {
            let (_, upper) = ends(step);
            let upper = upper.min(1.0) * self.height;
            let _ = write!(there, "v{}h{}", Px(now - upper), Px(self.step));
            now = upper;
        }
        for &step in self.steps.iter().rev() {
            let (lower, _) = ends(step);
            let lower = lower.min(1.0) * self.height;
            let _ = write!(back, "v{}h{}", Px(now - lower), Px(-self.step));
            now = lower;
        }
        format!("{there}{back}z")
    }
}
