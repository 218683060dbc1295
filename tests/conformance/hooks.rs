//! INI: start and exit hooks.

use std::cell::Cell;
use std::time::Duration;

use glasspool::{Builder, Refusal, Shutdown, ThreadPoolExecutor};

use crate::common::at_once;
use crate::support::{Tally, eventually, panic_of, within, words};

/// A builder whose workers are counted as they come and as they go.
fn counting() -> (Builder, Tally, Tally) {
    let (starts, exits) = (Tally::default(), Tally::default());
    let (start, exit) = (starts.clone(), exits.clone());
    let builder = ThreadPoolExecutor::builder().initializer(move || start.add());
    (builder.exit_hook(move || exit.add()), starts, exits)
}

#[test]
fn ini_01_what_the_start_hook_does_is_seen_by_every_task_of_its_worker() {
    thread_local!(static STATUS: Cell<&str> = const { Cell::new("uninitialized") });
    within(|| {
        let pool =
            ThreadPoolExecutor::builder().max_workers(2).initializer(|| STATUS.set("initialized"));
        let pool = pool.build().unwrap();
        let futures: Vec<_> = (0..20).map(|_| pool.submit(|| STATUS.get())).collect();
        assert!(futures.into_iter().all(|future| future.into_result().unwrap() == "initialized"));
        assert_eq!(at_once(&pool, 2, || STATUS.get()), ["initialized"; 2]);
        assert_eq!(STATUS.get(), "uninitialized");
    });
}

#[test]
fn ini_01_the_start_hook_runs_once_per_worker_before_its_first_task() {
    thread_local!(static STARTS: Cell<u32> = const { Cell::new(0) });
    within(|| {
        let (builder, starts, _) = counting();
        assert_eq!(starts.count(), 0);
        let pool = builder.max_workers(16).build().unwrap();
        for _ in ["fresh", "warm", "warm"] {
            at_once(&pool, 16, || ());
            assert_eq!(starts.count(), 16);
        }

        let pool = ThreadPoolExecutor::builder()
            .max_workers(4)
            .initializer(|| STARTS.set(STARTS.get() + 1));
        assert_eq!(at_once(&pool.build().unwrap(), 4, || STARTS.get()), [1; 4]);
    });
}

#[test]
fn ini_03_a_failed_start_hook_fails_what_was_submitted_and_leaves_no_worker() {
    within(|| {
        let failing =
            ThreadPoolExecutor::builder().max_workers(2).initializer(|| panic!("no database"));
        let pool = failing.build().unwrap();
        let first = pool.submit(|| ());
        assert!(words(first.into_result()).ends_with("its initializer panicked: no database"));
        let refused = pool.try_submit(|| 7).unwrap_err();
        assert!(
            matches!(refused.why(), Refusal::Broken(broken) if broken.message() == "no database")
        );
        assert_eq!(refused.into_inner()(), 7);
        assert!(panic_of(|| pool.submit(|| ())).ends_with("its initializer panicked: no database"));
        eventually(|| pool.stats().workers == 0);
        pool.shutdown(Shutdown::Drain).unwrap();
    });
}

/// By their names, as other tests have threads too.
#[cfg(target_os = "linux")]
#[test]
fn ini_03_a_failed_start_hook_leaves_no_thread_behind() {
    use crate::support::threads_named;
    within(|| {
        let failing =
            ThreadPoolExecutor::builder().max_workers(2).initializer(|| panic!("no database"));
        let pool = failing.thread_name_prefix("failed").build().unwrap();
        assert!(pool.submit(|| ()).into_result().is_err());
        eventually(|| threads_named("failed_") == 0);
        drop(pool);
    });
}

#[test]
fn ini_04_the_exit_hook_runs_on_each_worker_before_a_shutdown_returns() {
    within(|| {
        let (builder, starts, exits) = counting();
        let pool = builder.max_workers(16).build().unwrap();
        at_once(&pool, 16, || ());
        assert_eq!((starts.count(), exits.count()), (16, 0));
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!((starts.count(), exits.count()), (16, 16));
    });
}

#[test]
fn ini_04_over_a_thousand_pools_starts_equal_exits() {
    within(|| {
        let (builder, starts, exits) = counting();
        let builder = builder.max_workers(2);
        for round in 1..=1000 {
            let pool = builder.clone().build().unwrap();
            for _ in 0..3 {
                drop(pool.submit(|| ()));
            }
            drop(pool);
            assert_eq!(starts.count(), exits.count());
            assert!((round..=2 * round).contains(&starts.count()));
        }
    });
}

#[test]
fn ini_04_a_worker_that_leaves_before_the_pool_is_closed_runs_its_exit_hook_too() {
    within(|| {
        let (builder, starts, exits) = counting();
        let pool = builder.max_workers(2).keep_alive(Duration::ZERO).build().unwrap();
        for round in 1..=3 {
            at_once(&pool, 2, || ());
            eventually(|| exits.count() == 2 * round);
            assert_eq!(starts.count(), 2 * round);
        }
        drop(pool);
        assert_eq!((starts.count(), exits.count()), (6, 6));
    });
}

/// A worker that was never ready has nothing to put away.
#[test]
fn ini_04_after_a_failed_start_hook_there_is_no_exit_hook() {
    within(|| {
        let exits = Tally::default();
        let exit = exits.clone();
        let failing = ThreadPoolExecutor::builder().initializer(|| panic!("no database"));
        let pool = failing.exit_hook(move || exit.add()).build().unwrap();
        assert!(pool.submit(|| ()).into_result().is_err());
        drop(pool);
        assert_eq!(exits.count(), 0);
    });
}

#[test]
fn ini_04_an_exit_hook_that_panics_harms_nobody() {
    within(|| {
        let panics =
            ThreadPoolExecutor::builder().max_workers(3).exit_hook(|| panic!("cannot disconnect"));
        let pool = panics.build().unwrap();
        assert_eq!(at_once(&pool, 3, || 7), [7; 3]);
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(pool.stats().workers, 0);
    });
}
