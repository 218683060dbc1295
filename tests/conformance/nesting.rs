//! REE: re-entrancy and nesting.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use glasspool::{Future, ReturnWhen, Shutdown, Submitter, TaskError, as_completed, wait};

use crate::support::{Counted, Drops, Gate, LONG, panic_of, pool, within};

/// (`nested.rs` has what becomes of a task that waits for another one of its pool.)
#[test]
fn ree_01_a_task_that_waits_for_itself_is_told_so_and_does_not_hang() {
    within(|| {
        let pool = pool(1);
        let (give, take) = mpsc::channel::<Future<()>>();
        let (tell, told) = mpsc::channel();
        let future = pool.submit(move || {
            let myself = take.recv().unwrap();
            tell.send(matches!(myself.result(), Err(TaskError::Deadlock(_)))).unwrap();
            tell.send(matches!(myself.result_timeout(LONG), Ok(Err(TaskError::Deadlock(_)))))
                .unwrap();
            let waits = [
                panic_of(|| wait([&myself], None, ReturnWhen::AllCompleted)),
                panic_of(|| as_completed([&myself]).next()),
            ];
            tell.send(waits.iter().all(|text| text.contains("waits for itself"))).unwrap();
            tell.send(matches!(myself.into_result(), Err(TaskError::Deadlock(_)))).unwrap();
        });
        give.send(future).unwrap();
        assert_eq!(told.iter().collect::<Vec<_>>(), [true; 4]);
        assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);
    });
}

/// What is known of a chain when its links have run.
#[derive(Default)]
struct Chain {
    drops: Drops,
    lowest: AtomicUsize,
    highest: AtomicUsize,
    most_queued: AtomicUsize,
}

/// When a link runs, nothing is left of those before it, and it stands where they stood.
fn link(submitter: &Submitter, chain: &Arc<Chain>, n: usize, end: mpsc::Sender<bool>) {
    const LINKS: usize = 100_000;
    let here = (&raw const n).addr();
    chain.lowest.fetch_max(usize::MAX - here, SeqCst);
    chain.highest.fetch_max(here, SeqCst);
    chain.most_queued.fetch_max(submitter.stats().queued, SeqCst);
    // What it captured itself was made by its predecessor, and is dropped at its own end.
    let nothing_left = chain.drops.count() == n.saturating_sub(1);
    if n == LINKS || !nothing_left {
        return end.send(nothing_left).unwrap();
    }
    let (next, of, captured): (_, _, Counted) =
        (submitter.clone(), Arc::clone(chain), chain.drops.one());
    drop(submitter.submit(move || {
        let _captured = &captured;
        link(&next, &of, n + 1, end);
    }));
}

#[test]
fn ree_04_a_long_chain_of_tasks_each_submitting_the_next_uses_constant_stack_and_memory() {
    within(|| {
        let (pool, chain) = (pool(1), Arc::new(Chain::default()));
        let (tell, told) = mpsc::channel();
        let (first, submitter) = (Arc::clone(&chain), pool.submitter());
        drop(pool.submit(move || link(&submitter, &first, 0, tell)));
        assert!(told.recv().unwrap(), "what a link captured outlives its end");
        let lowest = usize::MAX - chain.lowest.load(SeqCst);
        assert!(chain.highest.load(SeqCst) - lowest < 16 << 10);
        assert_eq!(chain.most_queued.load(SeqCst), 0);
    });
}

#[test]
fn ree_06_a_task_that_blocks_for_ever_hinders_neither_others_nor_a_closing_that_does_not_wait() {
    within(|| {
        let (pool, gate) = (pool(2), Gate::closed());
        let blocked = pool.submit(gate.then(|| 7));
        gate.wait_for(1);
        let others: Vec<_> = (0..100).map(|n| pool.submit(move || n)).collect();
        assert!(others.into_iter().map(|future| future.into_result().unwrap()).eq(0..100));
        let queued = pool.submit(|| 8);
        pool.close(Shutdown::Drain);
        assert_eq!(queued.into_result().unwrap(), 8);
        let report = pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap();
        assert_eq!(report.still_running.len(), 1);
        drop(pool);
        assert!(blocked.running());
        gate.open();
        assert_eq!(blocked.into_result().unwrap(), 7);
    });
}
