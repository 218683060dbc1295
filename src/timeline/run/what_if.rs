//! Computes how long other numbers of workers take for the same tasks.
//!
//! The tasks are submitted at the same times, each works as long as it did, and workers take them
//! first come, first served. This is arithmetic and no forecast. It leaves out how workers slow
//! each other down (for a core, a lock, a server), what tasks waited for, and that a caller who
//! waits for results submits earlier or later. The views state this. For the number of workers that
//! there was, the time is the measured one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::figures::duration;
use super::{End, Run, Span};

/// A number of workers is enough if it is at most this many percent slower than the fastest.
const ENOUGH_WITHIN: u64 = 5;

/// How long a number of workers takes for the run's tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WhatIf {
    /// Number of workers.
    pub workers: usize,
    /// Time that they take; the measured time if `as_it_was`.
    pub wall: Duration,
    /// Whether this is the smallest number that is within 5 % of the fastest.
    pub enough: bool,
    /// Whether the run had this number of workers.
    pub as_it_was: bool,
}

/// What the times are made from, or why there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::timeline) enum Basis {
    #[default]
    NothingWasRun,
    SeveralPools,
    Tasks {
        /// Tasks were blocked, or ran other tasks inside them.
        waited: bool,
        /// A submitter waited for room in the queue.
        held_back: bool,
        /// Some submitted tasks did not start.
        unstarted: bool,
    },
}

impl Basis {
    pub(super) fn of(run: &Run<'_>) -> Self {
        let mut pools = run.lives.iter().map(|life| life.pool);
        let first = pools.next();
        if pools.any(|pool| Some(pool) != first) {
            return Self::SeveralPools;
        }
        let ran = || run.lives.iter().filter_map(|life| Some((life.running(run.to)?, life.worked)));
        match ran().next() {
            None => Self::NothingWasRun,
            Some(_) => Self::Tasks {
                waited: ran().any(|((from, to), worked)| worked < to - from),
                held_back: run.lanes.iter().flat_map(|lane| &lane.spans).any(Span::is_for_room),
                unstarted: run
                    .lives
                    .iter()
                    .any(|life| life.started.is_none() && life.end != End::Refused),
            },
        }
    }

    /// What a reader of the times must know.
    pub(in crate::timeline) fn in_words(self) -> String {
        match self {
            Self::NothingWasRun => "There are no times: no task was run.".to_owned(),
            Self::SeveralPools => "There are no times: the run had more than one pool.".to_owned(),
            Self::Tasks { waited, held_back, unstarted } => {
                let mut left_out = "what they would do to each other".to_owned();
                for (is_so, what) in [
                    (waited, ", what tasks waited for"),
                    (held_back, ", the submitters' waits for room"),
                    (unstarted, ", tasks that did not start"),
                ] {
                    left_out.push_str(if is_so { what } else { "" });
                }
                format!(
                    "As it was is measured; the others are arithmetic: the same tasks at the \
                     same times, first come, first served. Left out: {left_out}. \
                     Enough is within {ENOUGH_WITHIN} % of the fastest."
                )
            }
        }
    }
}

/// One task: when it was submitted, and how long it worked. In 128 bits, because a sum of two such
/// times may exceed a `u64`.
struct Job {
    submitted: u128,
    worked: u128,
}

/// Computes the times for one worker, for the actual number, one less and one more, and for the
/// number that is enough.
pub(super) fn what_if(run: &Run<'_>, basis: Basis, actual: usize) -> Vec<WhatIf> {
    if !matches!(basis, Basis::Tasks { .. }) {
        return Vec::new();
    }
    let ran = run.lives.iter().filter(|life| life.started.is_some());
    let mut jobs: Vec<Job> = ran
        .map(|life| Job {
            submitted: u128::from(life.submitted.map_or(run.from, |moment| moment.at) - run.from),
            worked: u128::from(life.worked),
        })
        .collect();
    jobs.sort_by_key(|job| job.submitted);
    let best = jobs.iter().map(|job| job.submitted + job.worked).max().unwrap_or(0);
    let enough = fewest_as_fast_as(&jobs, best);
    let mut numbers = vec![1, actual.saturating_sub(1), actual, actual + 1, enough];
    // More workers than are enough change nothing, so their row would be noise.
    numbers.retain(|&workers| workers > 0 && workers <= enough.max(actual));
    numbers.sort_unstable();
    numbers.dedup();
    let of = |workers| {
        let as_it_was = workers == actual;
        let wall = if as_it_was { u128::from(run.length()) } else { replay(&jobs, workers) };
        WhatIf { workers, wall: duration(wall), enough: workers == enough, as_it_was }
    };
    numbers.into_iter().map(of).collect()
}

/// Finds the fewest workers that are nearly as fast as `best`.
///
/// More workers take no longer, so a binary search finds them.
fn fewest_as_fast_as(jobs: &[Job], best: u128) -> usize {
    let good = best + best * u128::from(ENOUGH_WITHIN) / 100;
    let (mut too_few, mut enough) = (0, jobs.len());
    // The answer is mostly small, and a replay with many workers is slower: start low.
    let mut guess = 1;
    while guess < enough {
        if replay(jobs, guess) <= good {
            enough = guess;
        } else {
            too_few = guess;
            guess *= 2;
        }
    }
    while enough - too_few > 1 {
        let middle = usize::midpoint(too_few, enough);
        if replay(jobs, middle) <= good { enough = middle } else { too_few = middle }
    }
    enough
}

/// Returns when this many workers finish the last of the jobs.
fn replay(jobs: &[Job], workers: usize) -> u128 {
    // When each worker is free again; the one that is free first takes the next job.
    let mut free: BinaryHeap<Reverse<u128>> =
        (0..workers.min(jobs.len())).map(|_| Reverse(0)).collect();
    let mut last = 0;
    for job in jobs {
        let Some(mut next) = free.peek_mut() else { break };
        let ends = next.0.max(job.submitted) + job.worked;
        *next = Reverse(ends);
        last = last.max(ends);
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_naps() {
        let jobs: Vec<Job> = (0..5).map(|n| Job { submitted: 0, worked: n }).collect();
        let times: Vec<u128> = (1..=5).map(|workers| replay(&jobs, workers)).collect();
        assert_eq!(times, [10, 6, 5, 4, 4]);
        assert_eq!(fewest_as_fast_as(&jobs, 4), 4);
    }

    #[test]
    fn what_comes_late_cannot_be_done_sooner() {
        let jobs = [Job { submitted: 0, worked: 3 }, Job { submitted: 10, worked: 1 }];
        assert_eq!(replay(&jobs, 1), 11);
        assert_eq!(fewest_as_fast_as(&jobs, 11), 1);
    }

    #[test]
    fn nearly_as_fast_is_enough() {
        let jobs = |long| [Job { submitted: 0, worked: 100 }, Job { submitted: long, worked: 10 }];
        assert_eq!(fewest_as_fast_as(&jobs(95), 105), 1, "110 is within 5 % of 105");
        assert_eq!(fewest_as_fast_as(&jobs(93), 103), 2, "and not of 103");
    }

    #[test]
    fn no_time_is_too_long() {
        let longest = u128::from(u64::MAX);
        let jobs = [0, longest].map(|submitted| Job { submitted, worked: longest });
        assert_eq!(replay(&jobs, 1), 2 * longest);
        assert_eq!(fewest_as_fast_as(&jobs, 2 * longest), 1);
    }
}
