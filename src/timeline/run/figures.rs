//! What can be read off a run: six figures, and what other numbers of workers would have made of
//! it.

use std::fmt;
use std::time::Duration;

use super::what_if::{Basis, WhatIf, what_if};
use super::{Lane, Run};
use crate::kernel::seams::TaskId;
use crate::timeline::trace::Trace;
use crate::timeline::words::Short;

/// A recorded run in numbers; `Display` says them in plain words, a line each.
///
/// What a task waits for is not counted as its work: neither when it is blocked, nor when its
/// worker runs another task inside it meanwhile.
///
/// ```
/// use glasspool::timeline::Recorder;
///
/// let figures = Recorder::default().trace().figures();
/// assert_eq!(figures.tasks, 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Figures {
    /// From the first event to the last.
    pub wall: Duration,
    /// How many tasks were submitted, and taken.
    pub tasks: usize,
    /// How many workers there were, those that were added for others included.
    pub workers: usize,
    /// How long all tasks worked, added up.
    pub work: Duration,
    /// How many of them worked at the same time, on average: `work` by `wall`.
    pub at_once: f64,
    /// How much of the workers' time was work: from 0 to 1.
    pub busy: f64,
    /// How long a task was pending, on average: until it started, or until it was cancelled, or to
    /// the end of the run. Those that were refused are left out.
    pub mean_queue_wait: Duration,
    /// And at worst, and which; of equal ones, the first.
    pub worst_queue_wait: Option<(TaskId, Duration)>,
    /// How long threads that are no workers were blocked, added up.
    pub callers_blocked: Duration,
    /// How long other numbers of workers would have taken for the same tasks, submitted at the same
    /// times and taken first come, first served; and how long the run took with as many as there
    /// were. There is nothing if there was more than one pool, or nothing was run.
    pub what_if: Vec<WhatIf>,
    /// What is to be said of that.
    pub(in crate::timeline) basis: Basis,
}

impl Trace {
    /// The figures that can be read off it.
    pub fn figures(&self) -> Figures {
        Run::of(self).figures()
    }
}

impl Run<'_> {
    pub(in crate::timeline) fn figures(&self) -> Figures {
        let wall = self.length();
        let work = sum(self.lives.iter().map(|life| life.worked));
        let workers = self.worker_count();
        let waits = self.lives.iter().filter_map(|life| Some((life.id, life.queue_wait(self.to)?)));
        // Of equal ones, the first.
        let worst = waits.clone().rev().max_by_key(|&(_, wait)| wait);
        let worked_by_workers = sum(self.workers().map(|(_, lane)| lane.busy));
        let callers = self.lanes.iter().filter(|lane| lane.worker.is_none());
        let basis = Basis::of(self);
        Figures {
            wall: Duration::from_nanos(wall),
            tasks: waits.clone().count(),
            workers,
            work: duration(work),
            at_once: ratio(work, u128::from(wall)),
            busy: ratio(worked_by_workers, u128::from(wall) * workers as u128),
            mean_queue_wait: mean(waits.map(|(_, wait)| wait)),
            worst_queue_wait: worst.map(|(id, wait)| (id, Duration::from_nanos(wait))),
            callers_blocked: duration(sum(callers.map(|lane: &Lane| lane.blocked))),
            what_if: what_if(self, basis, workers),
            basis,
        }
    }

    /// How many different ones there were: one that follows another on its seat is the same.
    pub(in crate::timeline) fn worker_count(&self) -> usize {
        let mut workers: Vec<_> = self
            .workers()
            .filter_map(|(_, lane)| lane.worker.map(|worker| (worker.pool(), worker.index())))
            .collect();
        workers.dedup();
        workers.len()
    }
}

/// Two times may be longer together than a `u64` has nanoseconds.
fn sum(times: impl Iterator<Item = u64>) -> u128 {
    times.map(u128::from).sum()
}

/// A time that may be longer than a `u64` has nanoseconds.
pub(super) fn duration(nanos: u128) -> Duration {
    let second = Duration::from_secs(1).as_nanos();
    let seconds = u64::try_from(nanos / second).unwrap_or(u64::MAX);
    Duration::new(seconds, u32::try_from(nanos % second).unwrap_or(0))
}

#[expect(clippy::cast_precision_loss, reason = "it is for a person to read")]
fn ratio(part: u128, whole: u128) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn mean(times: impl Iterator<Item = u64> + Clone) -> Duration {
    let count = times.clone().count() as u128;
    duration(sum(times).checked_div(count).unwrap_or(0))
}

impl Figures {
    /// The six of them in plain words: what it is, how much, and what there is to add.
    pub(in crate::timeline) fn in_words(&self) -> [(&'static str, String); 6] {
        let worst = match self.worst_queue_wait {
            Some((id, wait)) => {
                format!("{} ({id}), {} on average", Short(wait), Short(self.mean_queue_wait))
            }
            None => "none".to_owned(),
        };
        [
            ("the run took", Short(self.wall).to_string()),
            ("its tasks worked", format!("{}, added up", Short(self.work))),
            ("at the same time", format!("{:.2} on average, of {}", self.at_once, self.workers)),
            ("workers were busy", format!("{:.1} % of the time", self.busy * 100.0)),
            ("longest wait in the queue", worst),
            ("callers were blocked", Short(self.callers_blocked).to_string()),
        ]
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, how_much) in self.in_words() {
            writeln!(f, "{what:<26} {how_much}")?;
        }
        Ok(())
    }
}
