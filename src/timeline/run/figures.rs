//! What can be read off a run: six figures, and what other numbers of workers would have made of it.

use std::fmt;
use std::time::Duration;

use super::what_if::{WhatIf, what_if};
use super::{Lane, Life, Run};
use crate::identity::TaskId;
use crate::timeline::trace::Trace;

/// A recorded run in numbers; `Display` says them in plain words, a line each.
///
/// What a task waits for is not counted as its work: neither when it is blocked, nor when its worker runs another task inside it meanwhile.
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
    /// How long a task was pending before it started, on average.
    pub mean_queue_wait: Duration,
    /// And at worst, and which.
    pub worst_queue_wait: Option<(TaskId, Duration)>,
    /// How long threads that are no workers were blocked, added up.
    pub callers_blocked: Duration,
    /// How long other numbers of workers would have taken for the same tasks, submitted at the same times and taken first come, first served.
    /// There is nothing if there was more than one pool, or nothing was run.
    pub what_if: Vec<WhatIf>,
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
        let work: u64 = self.lives.iter().map(|life| life.worked).sum();
        let workers = self.worker_count();
        let waits = || self.lives.iter().filter_map(|life| Some((life.id, life.queue_wait()?)));
        // Of equal ones, the first.
        let worst = waits().rev().max_by_key(|&(_, wait)| wait);
        let worked_by_workers: u64 = self.workers().map(|(_, lane)| lane.busy).sum();
        let callers = self.lanes.iter().filter(|lane| lane.worker.is_none());
        Figures {
            wall: Duration::from_nanos(wall),
            tasks: self.lives.iter().filter(|life| is_taken(life)).count(),
            workers,
            work: Duration::from_nanos(work),
            at_once: ratio(work, wall),
            busy: ratio(worked_by_workers, wall.saturating_mul(workers as u64)),
            mean_queue_wait: mean(waits().map(|(_, wait)| wait)),
            worst_queue_wait: worst.map(|(id, wait)| (id, Duration::from_nanos(wait))),
            callers_blocked: Duration::from_nanos(callers.map(|lane: &Lane| lane.blocked).sum()),
            what_if: what_if(self, workers),
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

fn is_taken(life: &Life) -> bool {
    life.submitted.is_some() && life.end != super::End::Refused
}

#[expect(clippy::cast_precision_loss, reason = "it is for a person to read")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn mean(all: impl Iterator<Item = u64>) -> Duration {
    let (count, sum) = all.fold((0_u64, 0_u128), |(count, sum), one| (count + 1, sum + u128::from(one)));
    let mean = sum.checked_div(u128::from(count)).unwrap_or(0);
    Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX))
}

impl Figures {
    /// The six of them in plain words: what it is, how much, and what there is to add.
    pub(in crate::timeline) fn in_words(&self) -> [(&'static str, String); 6] {
        let worst = match self.worst_queue_wait {
            Some((id, wait)) => format!("{} ({id}), {} on average", Short(wait), Short(self.mean_queue_wait)),
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

/// A time with three digits or so, as a person reads it: `1.25 s`, `417 µs`.
pub(in crate::timeline) struct Short(pub(in crate::timeline) Duration);

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
