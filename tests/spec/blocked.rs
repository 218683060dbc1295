//! An observer that hears threads fall asleep, so that no test guesses when that has happened.

use std::sync::{Arc, Condvar, Mutex};

use glasspool::{Builder, Event, EventKind, Observer, ThreadPoolExecutor};

use crate::support::Gate;

/// Counts the threads that sleep until something happens in a pool.
#[derive(Clone, Default)]
pub(crate) struct Blocks(Arc<Shared>);

#[derive(Default)]
struct Shared {
    counts: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Default)]
struct Counts {
    asleep: usize,
    so_far: usize,
}

impl Observer for Blocks {
    fn observe(&self, event: &Event<'_>) {
        let mut counts = self.0.counts.lock().unwrap();
        match event.kind {
            EventKind::Blocked(_) => {
                counts.asleep += 1;
                counts.so_far += 1;
            }
            EventKind::Unblocked { .. } => counts.asleep -= 1,
            _ => return,
        }
        self.0.changed.notify_all();
    }
}

impl Blocks {
    /// A builder of pools that are heard by this.
    pub(crate) fn builder(&self, max_workers: usize) -> Builder {
        ThreadPoolExecutor::builder().max_workers(max_workers).observer(self.clone())
    }

    /// A pool that is heard by a new observer.
    pub(crate) fn pool(max_workers: usize) -> (ThreadPoolExecutor, Self) {
        let blocks = Self::default();
        (blocks.builder(max_workers).build().unwrap(), blocks)
    }

    /// As [`held_pool`](crate::support::held_pool), heard by a new observer.
    pub(crate) fn held_pool() -> (ThreadPoolExecutor, Gate, Self) {
        let (pool, blocks) = Self::pool(1);
        let gate = Gate::closed();
        drop(pool.submit(gate.then(|| ())));
        gate.wait_for(1);
        (pool, gate, blocks)
    }

    /// As [`about_to_break`](crate::support::about_to_break), heard by a new observer.
    pub(crate) fn about_to_break() -> (ThreadPoolExecutor, Gate, Self) {
        let (blocks, gate) = (Self::default(), Gate::closed());
        let way = gate.way();
        let breaking = blocks.builder(1).initializer(move || {
            way.pass();
            panic!("no database");
        });
        (breaking.build().unwrap(), gate, blocks)
    }

    /// Waits until this many threads sleep at the same time.
    pub(crate) fn wait_for(&self, threads: usize) {
        let counts = self.0.counts.lock().unwrap();
        drop(self.0.changed.wait_while(counts, |counts| counts.asleep < threads).unwrap());
    }

    /// Number of times that a thread has fallen asleep.
    pub(crate) fn so_far(&self) -> usize {
        self.0.counts.lock().unwrap().so_far
    }
}
