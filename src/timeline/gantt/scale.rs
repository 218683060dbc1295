//! Maps time to columns, and chooses the ticks of the axis.

/// Resolution: time is counted in this many parts of a column.
pub(super) const PARTS: u64 = 1_000;

/// Least number of columns between two ticks.
const BETWEEN_TICKS: usize = 10;

/// A run spread over columns. Times are nanoseconds as in the trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) from: u64,
    pub(super) length: u64,
    pub(super) columns: usize,
}

impl Scale {
    /// Returns the column of a time; the end of the run is in the last one.
    pub(super) fn column_of(self, at: u64) -> usize {
        let column = usize::try_from(self.parts(at) / PARTS).unwrap_or(usize::MAX);
        column.min(self.columns - 1)
    }

    /// Returns the columns that a time range touches, each with the number of its parts in the
    /// range.
    pub(super) fn shares(self, from: u64, to: u64) -> impl Iterator<Item = (usize, u64)> {
        let (from, to) = (self.parts(from), self.parts(to));
        let last = self.columns as u64 - 1;
        let (first_column, last_column) =
            ((from / PARTS).min(last), (to.saturating_sub(1).max(from) / PARTS).min(last));
        (first_column..=last_column).map(move |column| {
            let (begins, ends) = (column * PARTS, (column + 1) * PARTS);
            (usize::try_from(column).unwrap_or(0), to.min(ends).saturating_sub(from.max(begins)))
        })
    }

    fn parts(self, at: u64) -> u64 {
        let all = u128::from(self.columns as u64 * PARTS);
        let parts = u128::from(at.saturating_sub(self.from)) * all;
        u64::try_from(parts.checked_div(u128::from(self.length)).unwrap_or(0)).unwrap_or(u64::MAX)
    }

    /// Returns round times in words, each with its column.
    pub(super) fn ticks(self) -> Vec<(usize, String)> {
        let step = self.step();
        let (unit, name) = match step {
            ..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            1_000_000..1_000_000_000 => (1_000_000, "ms"),
            _ => (1_000_000_000, "s"),
        };
        let times = std::iter::successors(Some(0), |at: &u64| at.checked_add(step));
        times
            .take_while(|&at| at < self.length.max(1))
            .map(|at| (self.column_of(self.from + at), format!("{} {name}", at / unit)))
            .collect()
    }

    /// The smallest of 1, 2, 5, 10, … nanoseconds that keeps the ticks apart.
    fn step(self) -> u64 {
        let least = u128::from(self.length) * BETWEEN_TICKS as u128 / self.columns as u128;
        let mut power = 1_u64;
        loop {
            for digit in [1, 2, 5] {
                let step = digit * power;
                if u128::from(step) >= least || power >= u64::MAX / 100 {
                    return step;
                }
            }
            power *= 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale { from: 1_000, length: 100, columns: 10 };

    #[test]
    fn columns() {
        assert_eq!(
            [999, 1_000, 1_009, 1_010, 1_099, 1_100, 9_999].map(|at| SCALE.column_of(at)),
            [0, 0, 0, 1, 9, 9, 9]
        );
        let instant = Scale { length: 0, ..SCALE };
        assert_eq!(instant.column_of(1_000), 0);
    }

    #[test]
    fn shares() {
        let shares = |from, to| SCALE.shares(from, to).collect::<Vec<_>>();
        assert_eq!(shares(1_005, 1_025), [(0, 500), (1, 1_000), (2, 500)]);
        assert_eq!(shares(1_010, 1_020), [(1, 1_000)]);
        assert_eq!(shares(1_010, 1_010), [(1, 0)]);
        assert_eq!(shares(1_100, 1_100), [(9, 0)]);
    }

    #[test]
    fn round_times() {
        let scale = Scale { from: 7, length: 5_000_000_000, columns: 60 };
        let ticks: Vec<String> =
            scale.ticks().into_iter().map(|(column, time)| format!("{column}:{time}")).collect();
        assert_eq!(ticks, ["0:0 s", "12:1 s", "24:2 s", "36:3 s", "48:4 s"]);
        assert_eq!(Scale { length: 0, ..scale }.ticks(), [(0, "0 ns".to_owned())]);
        let _ = Scale { length: u64::MAX, ..scale }.ticks();
    }
}
