//! Closing a pool when it is idle: tasks that its tasks submit meanwhile are accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use glasspool::{Refusal, Shutdown, Submitter, ThreadPoolExecutor};

use crate::support::{Gate, LONG, Tally, held_pool, limit, pool};
use crate::told::{Log, heard_and_full, observed};

/// For every thread that waits for it.
#[test]
fn closing_when_idle_accepts_tasks_of_tasks() {
    fn link(own: Submitter, left: u32, ran: Tally) {
        ran.add();
        if left > 0 {
            drop(own.clone().submit(move || link(own, left - 1, ran)));
        }
    }
    let _limit = limit();
    for workers in [1, 2, 8] {
        let (log, ran) = (Log::default(), Tally::default());
        let (pool, gate) = (observed(workers, &log), Gate::closed());
        for _ in 0..4 {
            let (own, ran) = (pool.submitter(), ran.clone());
            drop(pool.submit(gate.then(move || link(own, 100, ran))));
        }
        thread::scope(|threads| {
            let waiting = [(); 3].map(|()| {
                threads.spawn(|| {
                    pool.shutdown(Shutdown::WhenIdle).unwrap();
                    ran.count()
                })
            });
            log.wait_for_sleeps(3);
            gate.open();
            assert_eq!(waiting.map(|thread| thread.join().unwrap()), [404; 3]);
        });
        pool.shutdown(Shutdown::WhenIdle).unwrap();
        assert!(matches!(pool.try_submit(|| ()).unwrap_err().why(), Refusal::ShutDown));
    }
}

#[test]
fn closing_when_idle_can_be_hastened() {
    let _limit = limit();
    let (held, gate) = held_pool();
    held.close(Shutdown::WhenIdle);
    let accepted = held.submit(|| 1);
    held.close(Shutdown::WhenIdle); // again, and nothing changes
    assert!(!accepted.done() && held.try_submit(|| ()).is_ok());
    held.close(Shutdown::CancelPending);
    assert!(accepted.cancelled() && held.try_submit(|| ()).is_err());
    gate.open();
    drop(held);

    let idle = pool(1);
    idle.close(Shutdown::WhenIdle);
    assert!(idle.try_submit(|| ()).is_err());
}

/// A submitter is heard to wait just before it does, and one that does not wait yet when the pool
/// closes is refused, rightly: so one of many is enough.
#[test]
fn closing_when_idle_waits_for_whoever_waits_for_room() {
    let _limit = limit();
    let accepted = (0..100).any(|_| {
        let (pool, gate, _pending, log) = heard_and_full(1);
        thread::scope(|scope| {
            let late = scope.spawn(|| pool.try_submit_timeout(LONG, || 7));
            log.wait_for_sleeps(1);
            pool.close(Shutdown::WhenIdle);
            gate.open();
            late.join().unwrap().is_ok_and(|future| future.into_result().unwrap() == 7)
        })
    });
    assert!(accepted);
}

#[test]
fn leaving_scope_after_the_last_call_does_not_cut_it_short() {
    let _limit = limit();
    let log = Log::default();
    let (pool, gate) = (observed(1, &log), Gate::closed());
    let own = pool.submitter();
    let outer = pool.submit(gate.then(move || own.submit(|| "accepted")));
    pool.close(Shutdown::WhenIdle);
    thread::scope(|scope| {
        let leaving = scope.spawn(move || drop(pool));
        log.wait_for_sleeps(1);
        gate.open();
        leaving.join().unwrap();
    });
    assert_eq!(outer.into_result().unwrap().into_result().unwrap(), "accepted");
}

/// The only worker may have retired when the last submit comes in, and that submit hires: the pool
/// is not over before.
#[test]
fn the_last_call_against_a_retiring_worker_and_a_bound() {
    let _limit = limit();
    for round in 0..2_000_u64 {
        let initialized = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&initialized);
        let pool = ThreadPoolExecutor::builder()
            .max_workers(1)
            .queue_capacity(1)
            .keep_alive(Duration::ZERO)
            .initializer(move || _ = counted.fetch_add(1, SeqCst))
            .build()
            .unwrap();
        thread::scope(|scope| {
            for _ in 0..2 {
                let submitter = pool.submitter();
                scope.spawn(move || drop(submitter.try_submit_timeout(LONG, || ())));
            }
            // Any order is right; the pause makes all of them happen.
            thread::sleep(Duration::from_micros(round % 50));
            pool.shutdown(Shutdown::WhenIdle).unwrap();
            assert!(pool.try_submit(|| ()).is_err());
            let stats = pool.stats();
            assert_eq!((stats.workers, stats.queued, stats.running), (0, 0, 0));
            assert_eq!(stats.submitted, stats.returned);
        });
    }
}
