//! DRP: ownership, drops, leaks.

use std::sync::Arc;
use std::time::Duration;

use glasspool::{Future, Refusal, Shutdown, ThreadPoolExecutor};

use crate::common::held_with_room_for;
use crate::support::{Drops, Gate, eventually, held_pool, pool, within};

/// The stronger choice: not soon after, but before.
#[test]
fn drp_01_what_a_task_captured_is_dropped_before_its_future_is_done() {
    within(|| {
        let (pool, drops) = (pool(2), Drops::default());
        for n in 1..=2000 {
            let future = pool.submit(drops.with(|| ()));
            if n % 2 == 0 {
                future.result().unwrap();
            } else {
                while !future.done() {
                    std::thread::yield_now();
                }
            }
            assert_eq!(drops.count(), n);
        }
    });
}

#[test]
fn drp_03_a_result_is_dropped_once_whenever_its_handle_is() {
    within(|| {
        let drops = Drops::default();
        let value = || {
            let drops = drops.clone();
            move || drops.one()
        };
        let (pool, gate) = held_pool();
        let submit = || pool.submit(value());
        let (taken, read, unread) = (submit(), submit(), submit());
        drop(submit()); // before its start
        gate.open();
        let value_taken = taken.into_result().unwrap();
        assert!(read.result().is_ok() && read.result().is_ok());
        eventually(|| unread.done() && drops.count() == 1);
        drop(value_taken);
        assert_eq!(drops.count(), 2);
        drop(read);
        assert_eq!(drops.count(), 3);
        drop(unread); // after its completion
        assert_eq!(drops.count(), 4);

        let gate = Gate::closed();
        let running = pool.submit(gate.then(value()));
        gate.wait_for(1);
        drop(running);
        assert_eq!(drops.count(), 4);
        gate.open();
        eventually(|| drops.count() == 5);

        let outlives_its_pool = submit();
        drop(pool);
        assert_eq!(drops.count(), 5);
        drop(outlives_its_pool);
        assert_eq!(drops.count(), 6);
    });
}

#[test]
fn drp_04_a_handle_dropped_early_lets_the_task_run_and_the_worker_live() {
    within(|| {
        let (pool, gate) = held_pool();
        let drops = Drops::default();
        for _ in 0..100 {
            drop(pool.submit(drops.with(|| ())));
        }
        gate.open();
        eventually(|| drops.count() == 100);
        assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);
        assert_eq!((pool.stats().workers, pool.stats().cancelled), (1, 0));
    });
}

#[test]
fn drp_05_captures_are_dropped_once_whatever_becomes_of_the_task() {
    within(|| {
        let drops = Drops::default();
        let work = || drops.with(|| ());

        assert!(pool(1).submit(work()).into_result().is_ok());
        assert_eq!(drops.count(), 1, "ran");

        let panics: Future<()> = pool(1).submit(drops.with(|| panic!("boom")));
        assert!(panics.into_result().is_err());
        assert_eq!(drops.count(), 2, "panicked");

        let (pool, gate) = held_with_room_for(1);
        assert!(pool.submit(work()).cancel());
        assert_eq!(drops.count(), 3, "cancelled");

        let pending = pool.submit(work());
        for refused in
            [pool.try_submit(work()), pool.try_submit_timeout(Duration::from_millis(1), work())]
        {
            let before = drops.count();
            let refused = refused.unwrap_err();
            assert!(matches!(refused.why(), Refusal::Full));
            assert_eq!(drops.count(), before, "refused by a full queue, and given back");
            drop(refused);
            assert_eq!(drops.count(), before + 1, "refused by a full queue, and dropped");
        }
        assert_eq!(drops.count(), 5);

        pool.close(Shutdown::CancelPending);
        assert!(pending.cancelled());
        assert_eq!(drops.count(), 6, "cancelled by the shutdown");

        let refused = pool.try_submit(work()).unwrap_err();
        assert_eq!(drops.count(), 6, "refused by a shut-down pool, and given back");
        drop(refused);
        assert_eq!(drops.count(), 7, "refused by a shut-down pool, and dropped");

        gate.open();
        drop(pool);
        drop(pending);
        assert_eq!(drops.count(), 7);
    });
}

#[test]
fn drp_05_also_when_the_worker_breaks_down() {
    within(|| {
        let (drops, gate) = (Drops::default(), Gate::closed());
        let way = gate.way();
        let breaking = ThreadPoolExecutor::builder().max_workers(1).initializer(move || {
            way.pass();
            panic!("no database");
        });
        let (pool, gate) = (breaking.build().unwrap(), gate);
        let futures = [(); 3].map(|()| pool.submit(drops.with(|| ())));
        assert_eq!(drops.count(), 0);
        gate.open();
        assert!(futures.iter().all(|future| future.result().is_err()));
        drop(pool);
        assert_eq!(drops.count(), 3);
    });
}

#[test]
fn drp_07_what_many_tasks_share_lives_until_the_last_has_ended_and_not_longer() {
    within(|| {
        let (pool, gate) = (pool(4), Gate::closed());
        let shared = Arc::new(());
        let watch = Arc::downgrade(&shared);
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let shared = Arc::clone(&shared);
                pool.submit(move || _ = Arc::strong_count(&shared))
            })
            .collect();
        let last = pool.submit(gate.then(move || _ = Arc::strong_count(&shared)));
        assert!(tasks.into_iter().all(|future| future.into_result().is_ok()));
        assert_eq!(watch.strong_count(), 1);
        gate.open();
        last.result().unwrap();
        assert!(watch.upgrade().is_none());
    });
}
