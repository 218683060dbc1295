//! How long other numbers of workers would have taken: the same tasks, submitted at the same times, each working as long as it did, taken first come, first
//! served.
//!
//! It is arithmetic, not a forecast: what more workers do to each other (for a core, a lock, a server) is not in it, and neither is that a caller who
//! waits for results would have submitted sooner or later. That is said where it is shown.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::Run;

/// How long so many workers would have taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WhatIf {
    /// So many.
    pub workers: usize,
    /// So long.
    pub wall: Duration,
    /// It is the smallest number that is as fast as any.
    pub enough: bool,
}

/// One task: when it was there, and how long it worked.
struct Job {
    submitted: u64,
    worked: u64,
}

/// For one worker, for one less than there were, as many, and one more, and for as many as are enough.
pub(super) fn what_if(run: &Run<'_>, actual: usize) -> Vec<WhatIf> {
    let mut jobs: Vec<Job> = run
        .lives
        .iter()
        .filter(|life| life.started.is_some())
        .map(|life| Job {
            submitted: life.submitted.map_or(run.from, |moment| moment.at) - run.from,
            worked: life.worked,
        })
        .collect();
    let pool = run.lives.first().map(|life| life.pool);
    if jobs.is_empty() || run.lives.iter().any(|life| Some(life.pool) != pool) {
        return Vec::new();
    }
    jobs.sort_by_key(|job| job.submitted);
    let best = jobs.iter().map(|job| job.submitted + job.worked).max().unwrap_or(0);
    let enough = fewest_as_fast_as(&jobs, best);
    let mut numbers = vec![1, actual.saturating_sub(1), actual, actual + 1, enough];
    numbers.retain(|&workers| workers > 0 && workers <= enough.max(actual));
    numbers.sort_unstable();
    numbers.dedup();
    let time = |workers| Duration::from_nanos(replay(&jobs, workers));
    numbers
        .into_iter()
        .map(|workers| WhatIf { workers, wall: time(workers), enough: workers == enough })
        .collect()
}

/// As fast but for one part in a hundred. More workers are never slower, so it can be searched for by halves.
fn fewest_as_fast_as(jobs: &[Job], best: u64) -> usize {
    let good = best + best / 100;
    let (mut too_few, mut enough) = (0, jobs.len());
    // By doubling first: mostly it is a small number, and a replay for many is slower.
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

/// When the last of the jobs has been done by so many workers.
fn replay(jobs: &[Job], workers: usize) -> u64 {
    // When each is free again; the first that is takes the next.
    let mut free: BinaryHeap<Reverse<u64>> = (0..workers.min(jobs.len())).map(|_| Reverse(0)).collect();
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
        let times: Vec<u64> = (1..=5).map(|workers| replay(&jobs, workers)).collect();
        assert_eq!(times, [10, 6, 5, 4, 4]);
        assert_eq!(fewest_as_fast_as(&jobs, 4), 4);
    }

    #[test]
    fn what_comes_late_cannot_be_done_sooner() {
        let jobs = [Job { submitted: 0, worked: 3 }, Job { submitted: 10, worked: 1 }];
        assert_eq!(replay(&jobs, 1), 11);
        assert_eq!(fewest_as_fast_as(&jobs, 11), 1);
    }
}
