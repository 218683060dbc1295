//! Counts and times in words, the same in every view.

use std::fmt;
use std::time::Duration;

/// A count with its noun: `1 task`, `3 tasks`.
pub(super) fn count(many: usize, of: &str) -> String {
    if many == 1 { format!("1 {of}") } else { format!("{many} {of}s") }
}

/// A time in nanoseconds, for a person to read.
pub(super) fn short(nanos: u64) -> Short {
    Short(Duration::from_nanos(nanos))
}

/// Displays a time with about three digits: `1.25 s`, `417 µs`.
pub(super) struct Short(pub(super) Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let (unit, in_unit) = match nanos {
            0 => return f.write_str("0 s"),
            1..1_000 => return write!(f, "{nanos} ns"),
            1_000..999_500 => ("µs", self.0.as_secs_f64() * 1e6),
            999_500..999_500_000 => ("ms", self.0.as_secs_f64() * 1e3),
            _ => ("s", self.0.as_secs_f64()),
        };
        match in_unit {
            ..9.995 => write!(f, "{in_unit:.2} {unit}"),
            ..99.95 => write!(f, "{in_unit:.1} {unit}"),
            _ => write!(f, "{in_unit:.0} {unit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 2].map(|many| count(many, "task")), ["0 tasks", "1 task", "2 tasks"]);
    }

    #[test]
    fn times_have_three_digits() {
        for (nanos, said) in [
            (0, "0 s"),
            (7, "7 ns"),
            (1_234, "1.23 µs"),
            (99_960, "100 µs"),
            (417_000, "417 µs"),
            (999_600, "1.00 ms"),
            (12_345_678, "12.3 ms"),
            (999_600_000, "1.00 s"),
            (1_250_000_000, "1.25 s"),
            (83_000_000_000, "83.0 s"),
            (7_200_000_000_000, "7200 s"),
        ] {
            assert_eq!(Short(Duration::from_nanos(nanos)).to_string(), said);
        }
    }
}
