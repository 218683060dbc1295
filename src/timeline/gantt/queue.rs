//! The number of pending tasks, as a line.

use super::glyphs::{Glyphs, Ink, Line};
use super::scale::Scale;

/// Greatest depth that is written in digits.
const DIGITS: usize = 9;

/// The most pending tasks in each column.
pub(super) struct Depths {
    deepest: Vec<usize>,
    /// First column with a queue.
    first: usize,
}

impl Depths {
    pub(super) fn of(queue: &[(u64, usize)], scale: Scale) -> Self {
        let mut deepest = vec![0; scale.columns];
        let mut column = 0;
        let mut depth = 0;
        for &(at, next) in queue {
            let until = scale.column_of(at);
            deepest[column..=until].iter_mut().for_each(|deepest| *deepest = depth.max(*deepest));
            (column, depth) = (until, next);
            deepest[column] = deepest[column].max(depth);
        }
        deepest[column..].iter_mut().for_each(|deepest| *deepest = depth.max(*deepest));
        let first = queue.first().map_or(scale.columns, |&(at, _)| scale.column_of(at));
        Self { deepest, first }
    }

    fn most(&self) -> usize {
        self.deepest.iter().copied().max().unwrap_or(0)
    }

    /// Explains the line, for the legend; `None` if no task was pending.
    pub(super) fn meaning(&self, glyphs: &Glyphs) -> Option<String> {
        match self.most() {
            0 => None,
            _ if self.digits(glyphs).is_some() => {
                Some("queue: how many are pending, at most".to_owned())
            }
            most => Some(format!("queue: {} is {most} pending", glyphs.height(1, 1))),
        }
    }

    pub(super) fn line(&self, glyphs: &Glyphs) -> Line {
        let mut line = Line::default();
        let chars = self.digits(glyphs).unwrap_or_else(|| self.heights(glyphs));
        for c in chars {
            line.push(c, Ink::Plain);
        }
        line
    }

    /// Writes a digit where each depth begins.
    ///
    /// Two digits side by side would read as one number: `None` if they do not fit apart.
    fn digits(&self, glyphs: &Glyphs) -> Option<Vec<char>> {
        if self.most() > DIGITS {
            return None;
        }
        let mut chars = vec![' '; self.first];
        for same in self.deepest[self.first..].chunk_by(|one, next| one == next) {
            let digit = char::from_digit(u32::try_from(same[0]).ok()?, 10)?;
            let blank = usize::from(chars.last().is_some_and(char::is_ascii_digit));
            let rest = same.len().checked_sub(blank + 1)?;
            chars.extend(std::iter::repeat_n(' ', blank));
            chars.push(digit);
            chars.extend(std::iter::repeat_n(glyphs.unchanged, rest));
        }
        Some(chars)
    }

    fn heights(&self, glyphs: &Glyphs) -> Vec<char> {
        let most = self.most() as u64;
        let height = |(column, &depth): (usize, &usize)| match depth {
            _ if column < self.first => ' ',
            0 => glyphs.unchanged,
            _ => glyphs.height(depth as u64, most),
        };
        self.deepest.iter().enumerate().map(height).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::glyphs::UNICODE;
    use super::*;

    fn digits(deepest: &[usize]) -> Option<String> {
        let depths = Depths { deepest: deepest.to_vec(), first: 1 };
        Some(depths.digits(&UNICODE)?.into_iter().collect())
    }

    #[test]
    fn no_digit_is_beside_another() {
        assert_eq!(digits(&[0, 5, 1, 1, 1, 0]).as_deref(), Some(" 5 1─0"));
        assert_eq!(digits(&[0, 1, 1, 0, 0]).as_deref(), Some(" 1─0─"));
        assert_eq!(digits(&[0, 1, 0, 1, 0]), None, "there is no room");
        assert_eq!(digits(&[0, 10, 10]), None);
    }
}
