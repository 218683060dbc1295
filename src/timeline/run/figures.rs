//! The figures of a run: six numbers, and times for other numbers of workers.

use std::fmt;
use std::time::Duration;

use super::what_if::{Basis, WhatIf, what_if};
use super::{Lane, Run};
use crate::kernel::id::TaskId;
use crate::timeline::trace::Trace;
use crate::timeline::words::Short;

/// A recorded run in numbers; `Display` writes them in plain words, one per line.
///
/// A task's work is the time it ran, without the time it was blocked and without tasks that its
/// worker ran inside it.
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
    /// Time from the first event to the last.
    pub wall: Duration,
    /// Number of tasks that were submitted and not refused.
    pub tasks: usize,
    /// Number of workers, spare workers included.
    pub workers: usize,
    /// Work of all tasks, added up.
    pub work: Duration,
    /// Number of tasks that worked at the same time, on average: `work` divided by `wall`.
    pub at_once: f64,
    /// Share of the workers' time that was work, from 0 to 1.
    pub busy: f64,
    /// Average time that a task was pending: until it started or was cancelled, or to the end of
    /// the run. Refused tasks are left out.
    pub mean_queue_wait: Duration,
    /// Longest time that a task was pending, and the task; the first of equal ones.
    pub worst_queue_wait: Option<(TaskId, Duration)>,
    /// Time that threads other than workers were blocked, added up.
    pub callers_blocked: Duration,
    /// How long the same tasks take with other numbers of workers.
    ///
    /// The tasks are submitted at the same times and taken first come, first served. For the number
    /// of workers that there was, it is the measured time. Empty if there was more than one pool,
    /// or if no task ran.
    pub what_if: Vec<WhatIf>,
    /// What the times of `what_if` are based on.
    pub(in crate::timeline) basis: Basis,
}

impl Trace {
    /// Returns the figures of this run.
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
        // `max_by_key` returns the last of equal ones; `rev` makes it the first.
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

    /// Number of different workers: a worker that replaces another in its worker slot is the same.
    pub(in crate::timeline) fn worker_count(&self) -> usize {
        let mut workers: Vec<_> = self
            .workers()
            .filter_map(|(_, lane)| lane.worker.map(|worker| (worker.pool(), worker.index())))
            .collect();
        workers.dedup();
        workers.len()
    }
}

/// Adds in 128 bits: the sum may exceed a `u64` of nanoseconds.
fn sum(times: impl Iterator<Item = u64>) -> u128 {
    times.map(u128::from).sum()
}

/// Converts nanoseconds that may exceed a `u64`.
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
    /// The six figures in plain words, each as a name and a value.
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
