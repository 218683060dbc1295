//! How many tasks were pending, as a line.

use super::glyphs::{Glyphs, Ink, Line};
use super::scale::Scale;

/// Up to this depth, it is said in digits.
const DIGITS: usize = 9;

/// The most that were pending in each column.
pub(super) struct Depths {
    deepest: Vec<usize>,
    /// Before this column there was no queue.
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

    /// What the line says, if there is a queue at all.
    pub(super) fn meaning(&self, glyphs: &Glyphs) -> Option<String> {
        match self.most() {
            0 => None,
            1..=DIGITS => Some("queue: how many are pending, at most".to_owned()),
            most => Some(format!("queue: {} is {most} pending", glyphs.height(1, 1))),
        }
    }

    pub(super) fn line(&self, glyphs: &Glyphs) -> Line {
        let mut line = Line::default();
        let most = self.most();
        for (column, &depth) in self.deepest.iter().enumerate() {
            let is_same = column > self.first && self.deepest[column - 1] == depth;
            let c = match depth {
                _ if column < self.first => ' ',
                _ if most > DIGITS && depth == 0 => glyphs.unchanged,
                _ if most > DIGITS => glyphs.height(depth as u64, most as u64),
                _ if is_same => glyphs.unchanged,
                digit => char::from_digit(u32::try_from(digit).unwrap_or(0), 10).unwrap_or('?'),
            };
            line.push(c, Ink::Plain);
        }
        line
    }
}
