//! Maps times to horizontal positions, and chooses the ticks of the axis.
//!
//! A position is between `left` and `right` for every time.

use super::text::SMALL;

/// Least distances between two ticks, and between their labels.
const BETWEEN_TICKS: f64 = 76.0;
const BETWEEN_LABELS: f64 = 18.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) left: f64,
    pub(super) right: f64,
}

/// Units of time in nanoseconds.
const UNITS: [(&str, u64); 4] = [("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000), ("ns", 1)];

#[expect(clippy::cast_precision_loss, reason = "a picture has a thousand places, not 2⁵²")]
impl Scale {
    pub(super) fn x(&self, at: u64) -> f64 {
        let length = self.to - self.from;
        let past = at.clamp(self.from, self.to) - self.from;
        if length == 0 {
            self.left
        } else {
            self.left + self.width() * (past as f64 / length as f64)
        }
    }

    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    /// Returns the time that takes this width, at least 1 ns.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is positive, and no longer than the run"
    )]
    pub(super) fn length_of(&self, width: f64) -> u64 {
        ((self.to - self.from) as f64 * (width / self.width())) as u64 + 1
    }

    /// Returns the ticks with their labels; the labels count from the beginning of this scale.
    pub(super) fn ticks(&self) -> Vec<(u64, String)> {
        let length = self.to - self.from;
        if length == 0 {
            return vec![(self.from, "0 s".to_owned())];
        }
        let (unit, in_nanos) =
            UNITS.into_iter().find(|&(_, nanos)| length >= nanos).unwrap_or(UNITS[0]);
        let widest = |step| {
            SMALL.width_of(&tick(length - length % step, step, unit, in_nanos)) + BETWEEN_LABELS
        };
        let room = |step: u64| step as f64 / length as f64 * self.width();
        let step =
            steps().find(|&step| room(step) >= widest(step).max(BETWEEN_TICKS)).unwrap_or(u64::MAX);
        let count = length / step;
        (0..=count).map(|n| (self.from + n * step, tick(n * step, step, unit, in_nanos))).collect()
    }
}

/// 1, 2, 5, 10, 20, 50, …
pub(super) fn steps() -> impl Iterator<Item = u64> {
    (0..19).flat_map(|power| [1, 2, 5].map(|n| n * 10_u64.pow(power)))
}

/// Label of a tick, with as many digits as the step needs.
fn tick(at: u64, step: u64, unit: &str, in_nanos: u64) -> String {
    let whole = at / in_nanos;
    let mut rest = at % in_nanos;
    let (mut digits, mut place, mut step) = (String::new(), in_nanos, step % in_nanos);
    while step > 0 && place > 1 {
        place /= 10;
        digits.push(char::from(b'0' + u8::try_from(rest / place).unwrap_or(0)));
        (rest, step) = (rest % place, step % place);
    }
    if digits.is_empty() { format!("{whole} {unit}") } else { format!("{whole}.{digits} {unit}") }
}

/// A part of a whole in percent.
#[expect(clippy::cast_precision_loss, reason = "it is for a person to read")]
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        "0 %".to_owned()
    } else {
        format!("{:.0} %", 100.0 * part as f64 / whole as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(length: u64) -> Vec<String> {
        let scale = Scale { from: 7, to: 7 + length, left: 100.0, right: 808.0 };
        scale.ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(5_000_000_000), ["0 s", "1 s", "2 s", "3 s", "4 s", "5 s"]);
        assert_eq!(
            labels(1_200_000),
            ["0.0 ms", "0.2 ms", "0.4 ms", "0.6 ms", "0.8 ms", "1.0 ms", "1.2 ms"]
        );
        assert_eq!(
            labels(90),
            [
                "0 ns", "10 ns", "20 ns", "30 ns", "40 ns", "50 ns", "60 ns", "70 ns", "80 ns",
                "90 ns"
            ]
        );
        assert_eq!(labels(0), ["0 s"]);
        assert!(labels(u64::MAX - 7).len() > 3);
    }

    #[test]
    fn nothing_is_outside() {
        let scale = Scale { from: 10, to: 20, left: 100.0, right: 900.0 };
        for (at, x) in [(0, 100.0), (10, 100.0), (15, 500.0), (20, 900.0), (99, 900.0)] {
            assert!((scale.x(at) - x).abs() < 1e-9);
        }
    }
}
