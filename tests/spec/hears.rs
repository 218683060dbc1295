//! Pools that say when a thread goes to sleep, so that no test sleeps and hopes.
//!
//! An observer hears of a sleep just before it begins, so a test that goes on then may still be
//! ahead of the sleeper. Both orders are right, and the test must hold in both.

use std::thread;
use std::time::Duration;

use glasspool::{EventKind, Future, ThreadPoolExecutor};

use crate::support::{Gate, eventually};
use crate::told::{Log, observed, observed_by};

impl Log {
    /// Number of sleeps that have been told, by whichever thread.
    pub(crate) fn sleeps(&self) -> usize {
        self.count(|told| matches!(told.kind, EventKind::Blocked(_)))
    }

    /// Waits until this number of sleeps has been told in all.
    #[track_caller]
    pub(crate) fn wait_for_sleeps(&self, sleeps: usize) {
        eventually(|| self.sleeps() >= sleeps);
    }
}

/// A pool of so many workers, and the log of its observer.
pub(crate) fn heard(max_workers: usize) -> (ThreadPoolExecutor, Log) {
    let log = Log::default();
    (observed(max_workers, &log), log)
}

/// A pool whose only worker stands at a gate, and the log of its observer.
pub(crate) fn heard_and_held() -> (ThreadPoolExecutor, Gate, Log) {
    let (pool, log) = heard(1);
    let gate = hold(&pool);
    (pool, gate, log)
}

/// A bounded pool, and the log of its observer.
pub(crate) fn heard_and_bounded(workers: usize, capacity: usize) -> (ThreadPoolExecutor, Log) {
    let log = Log::default();
    let builder = observed_by(log.clone()).max_workers(workers).queue_capacity(capacity);
    (builder.build().unwrap(), log)
}

/// A full pool: its worker stands at a gate, and as many tasks are pending as it has room for.
pub(crate) fn heard_and_full(capacity: usize) -> (ThreadPoolExecutor, Gate, Vec<Future<()>>, Log) {
    let (pool, log) = heard_and_bounded(1, capacity);
    let gate = hold(&pool);
    let pending = (0..capacity).map(|_| pool.submit(|| ())).collect();
    (pool, gate, pending, log)
}

/// Has all workers of a pool stand at a gate.
pub(crate) fn hold(pool: &ThreadPoolExecutor) -> Gate {
    let gate = Gate::closed();
    (0..pool.max_workers()).for_each(|_| drop(pool.submit(gate.then(|| ()))));
    gate.wait_for(pool.max_workers());
    gate
}

/// Fills a bounded queue, and returns the futures of the tasks in it.
pub(crate) fn fill(pool: &ThreadPoolExecutor) -> Vec<Future<()>> {
    std::iter::from_fn(|| pool.try_submit(|| ()).ok()).collect()
}

/// Asserts that a time counts from the call and not from the question: if it is up before the
/// question, the reader does not go to sleep.
#[track_caller]
pub(crate) fn assert_it_counts_from_the_call<I>(
    log: &Log,
    call: impl FnOnce() -> I,
    times_out: impl FnOnce(I, Duration) -> bool,
) {
    const TIME: Duration = Duration::from_millis(5);
    let made = call();
    thread::sleep(TIME); // for the time to pass
    let before = log.my_sleeps().len();
    assert!(times_out(made, TIME));
    assert_eq!(log.my_sleeps().len(), before, "it sleeps, so its time begins with the question");
}
