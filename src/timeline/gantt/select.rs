//! Selects the lanes to show if there are too many; the others share one lane.

use std::cmp::Reverse;

use super::bar::{Brush, Fill};
use super::cells::cells_of;
use super::glyphs::{Ink, Line};
use super::scale::PARTS;
use crate::timeline::run::Run;

/// Most callers, and most workers, that have a lane of their own.
const MOST_CALLERS: usize = 8;
const MOST_WORKERS: usize = 20;

/// Lanes, by their index.
pub(super) struct Selection {
    pub(super) shown: Vec<usize>,
    pub(super) others: Vec<usize>,
    callers: usize,
    workers: usize,
    /// Share of the others' time that was work, in percent.
    busy: u64,
}

impl Selection {
    /// Selects the callers that did most, and of the workers half the busiest and half the idlest.
    pub(super) fn of(run: &Run<'_>) -> Self {
        let (mut workers, mut callers): (Vec<usize>, Vec<usize>) =
            (0..run.lanes.len()).partition(|&place| run.lanes[place].worker.is_some());
        callers.sort_by_key(|&place| {
            Reverse(run.lanes[place].marks.len() + run.lanes[place].spans.len())
        });
        workers.sort_by_key(|&place| Reverse(run.lanes[place].busy));
        let too_many = callers.len().saturating_sub(MOST_CALLERS);
        let other_callers = callers.split_off(callers.len() - too_many);
        let too_many = workers.len().saturating_sub(MOST_WORKERS);
        // The middle is left out: the extremes show whether the work is spread evenly.
        let middle = (workers.len() - too_many) / 2;
        let other_workers: Vec<usize> = workers.drain(middle..middle + too_many).collect();

        let mut shown = [callers, workers].concat();
        shown.sort_unstable();
        let worked: u128 =
            other_workers.iter().map(|&place| u128::from(run.lanes[place].busy)).sum();
        let whole = u128::from(run.length()) * other_workers.len() as u128;
        let busy = (worked * 100 + whole / 2).checked_div(whole).unwrap_or(0);
        Self {
            shown,
            callers: other_callers.len(),
            workers: other_workers.len(),
            busy: u64::try_from(busy).unwrap_or(0),
            others: other_workers,
        }
    }
}

impl Selection {
    /// Name of the lane of the other workers.
    pub(super) fn others_name(&self) -> Option<String> {
        (self.workers > 0).then(|| format!("{} more", self.workers))
    }

    /// Says what is not shown. Workers that are left out may be as busy as ones that are shown.
    pub(super) fn remark(&self) -> Option<String> {
        let Self { callers, busy, .. } = self;
        let half = MOST_WORKERS / 2;
        let workers = (self.workers > 0).then(|| {
            format!(
                "Shown are {half} of the busiest workers and {half} of the least busy; \
                 the others were busy for {busy} % of the time."
            )
        });
        let callers = match callers {
            0 => None,
            1 => Some("1 caller that did no more than those above is not shown.".to_owned()),
            _ => {
                Some(format!("{callers} callers that did no more than those above are not shown."))
            }
        };
        match (workers, callers) {
            (Some(workers), Some(callers)) => Some(format!("{workers} {callers}")),
            (one, other) => one.or(other),
        }
    }
}

impl Brush<'_> {
    /// Draws how much of each column the lanes worked, on average.
    pub(super) fn average(&mut self, lanes: &[usize]) -> Line {
        let mut worked = vec![0; self.scale.columns];
        for &place in lanes {
            let cells = cells_of(&self.run.lanes[place], self.scale);
            worked.iter_mut().zip(cells).for_each(|(worked, cell)| *worked += cell.running);
        }
        self.used.fills.insert(Fill::Partly);
        let whole = PARTS * lanes.len() as u64;
        let mut line = Line::default();
        for worked in worked {
            let c = if worked == 0 { ' ' } else { self.glyphs.height(worked, whole) };
            line.push(c, Ink::Running(false));
        }
        line
    }
}
