//! What becomes of tasks that are of no more use where they wait: those that were cancelled, or run
//! by somebody who waits for them.

use std::collections::VecDeque;

use super::State;
use crate::future::shared::husks_so_far;
use crate::future::state::Status;
use crate::future::task::{Ran, ScopedTask};

/// So few husks are not worth a broom.
const FEWEST_TO_SWEEP: u64 = 64;

impl<'a> State<'a> {
    /// Counts what a worker's last task came to. What comes back is to be dropped without the lock.
    pub(super) fn count_last(&mut self, last: Ran<'a>) -> Option<ScopedTask<'a>> {
        match last {
            Ran::Ended(status) => {
                self.stats.count_status(status);
                None
            }
            Ran::Elsewhere(task) => self.set_aside(task),
        }
    }

    /// A husk: it is counted when it has ended, and until then kept. The caller may drop it,
    /// without the lock.
    pub(super) fn set_aside(&mut self, husk: ScopedTask<'a>) -> Option<ScopedTask<'a>> {
        match husk.status() {
            Status::Running => {
                self.elsewhere.push_back(husk);
                None
            }
            ended => {
                self.stats.count_status(ended);
                Some(husk)
            }
        }
    }

    /// There are no more husks than tasks have been cancelled, or run before their turn, since the
    /// last time, wherever that was.
    pub(super) fn sweep_if_worth_it(&mut self) -> VecDeque<ScopedTask<'a>> {
        let half = (self.tasks.len() + self.elsewhere.len()) as u64 / 2;
        let many = FEWEST_TO_SWEEP.max(half);
        if husks_so_far() - self.husks_when_swept < many { VecDeque::new() } else { self.sweep() }
    }

    /// Takes out the husks, which are the caller's to drop, without the lock. (No user code is run
    /// by that: a husk has nothing of the user's left, or whoever cancelled it still holds it.)
    pub(super) fn sweep(&mut self) -> VecDeque<ScopedTask<'a>> {
        let mut husks = std::mem::take(&mut self.elsewhere);
        let so_far = husks_so_far();
        if so_far > self.husks_when_swept {
            self.husks_when_swept = so_far;
            let (more, tasks): (VecDeque<_>, _) =
                std::mem::take(&mut self.tasks).into_iter().partition(ScopedTask::is_husk);
            self.tasks = tasks;
            husks.extend(more);
        }
        husks.into_iter().filter_map(|husk| self.set_aside(husk)).collect()
    }
}
