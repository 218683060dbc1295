//! Hooks: a worker runs one before its first task and one after its last, and the first may break
//! the pool.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use glasspool::{CancelReason, Refusal, Shutdown, Submitter, TaskError, ThreadPoolExecutor};

use crate::nesting::there;
use crate::support::{
    Drops, Gate, Tally, about_to_break, at_once, broken_pool, eventually, limit, panic_of, pool,
    shows, thread_name, words,
};

#[test]
fn the_initializer_runs_once_on_each_worker_before_its_first_task() {
    thread_local!(static INITIALIZED: Cell<u32> = const { Cell::new(0) });
    let _limit = limit();
    let total = Tally::default();
    let count = total.clone();
    let builder = ThreadPoolExecutor::builder().max_workers(3).initializer(move || {
        INITIALIZED.set(INITIALIZED.get() + 1);
        count.add();
    });
    let pool = builder.build().unwrap();
    assert_eq!(total.count(), 0);
    for _ in ["fresh", "warm"] {
        assert_eq!(at_once(&pool, 3, || INITIALIZED.get()), [1; 3]);
    }
    assert_eq!((total.count(), INITIALIZED.get()), (3, 0));
}

#[test]
fn an_initializer_that_panics_breaks_the_pool_for_everybody() {
    let _limit = limit();
    let (pool, gate) = about_to_break();
    let in_hand = pool.submit(|| 1);
    let pending = [pool.submit(|| 2), pool.submit(|| 3)];
    gate.open();

    let Err(TaskError::Lost(Some(broken))) = in_hand.into_result() else { panic!() };
    assert_eq!(broken.message(), "no database");
    for future in pending {
        let Err(TaskError::Cancelled(reason)) = future.into_result() else { panic!() };
        assert_eq!(reason, CancelReason::PoolBroke(broken.clone()));
    }
    let refused = pool.try_submit(|| 4).unwrap_err();
    assert!(matches!(refused.why(), Refusal::Broken(why) if why.message() == "no database"));
    assert_eq!(refused.into_inner()(), 4);
    for text in [panic_of(|| pool.submit(|| 5)), panic_of(|| pool.map([6], |n| n))] {
        assert!(text.ends_with("its initializer panicked: no database"), "{text}");
    }
    eventually(|| pool.stats().workers == 0);
    pool.shutdown(Shutdown::Drain).unwrap();
}

#[test]
fn a_map_on_a_pool_that_breaks_ends_in_errors() {
    let _limit = limit();
    let drops = Drops::default();
    let broken = ThreadPoolExecutor::builder().max_workers(1).initializer(|| panic!("no database"));
    let results = broken.build().unwrap().map([drops.one(), drops.one(), drops.one()], drop);
    let why = "the pool is broken: its initializer panicked: no database";
    let cancelled = format!("task cancelled because {why}");
    let words: Vec<_> = results.map(words).collect();
    assert_eq!(words, [format!("task lost with its worker: {why}"), cancelled.clone(), cancelled]);
    assert_eq!(drops.count(), 3);
}

/// Later workers find the pool broken, and no future waits for a task that is never run.
#[test]
fn a_pool_that_breaks_late_still_ends_every_future() {
    let _limit = limit();
    let (calls, gate) = (Tally::default(), Gate::closed());
    let way = gate.way();
    let second_panics = ThreadPoolExecutor::builder().max_workers(2).initializer(move || {
        calls.add();
        if calls.count() == 2 {
            way.pass();
            panic!("no second connection");
        }
    });
    let (pool, gate) = (second_panics.build().unwrap(), gate);
    let held = Gate::closed();
    let works = pool.submit(held.then(|| 1));
    held.wait_for(1); // so that its worker is the first to be initialized
    let lost = pool.submit(|| 2);
    let cancelled = pool.submit(|| 3);
    gate.open();
    assert!(matches!(lost.into_result(), Err(TaskError::Lost(Some(_)))));
    assert!(matches!(cancelled.into_result(), Err(TaskError::Cancelled(_))));
    held.open();
    assert_eq!(works.into_result().unwrap(), 1);
}

#[test]
fn a_broken_pool_can_be_closed_in_any_way() {
    let _limit = limit();
    drop(broken_pool());
    let pool = broken_pool();
    pool.close(Shutdown::CancelPending);
    pool.shutdown(Shutdown::CancelPending).unwrap();
    assert!(matches!(pool.try_submit(|| ()).unwrap_err().why(), Refusal::Broken(_)));
    assert!(shows(&pool, "workers: 0"));
}

#[test]
fn the_exit_hook_runs_on_each_worker_before_a_shutdown_returns() {
    let _limit = limit();
    let (begun, left) = (Tally::default(), Tally::default());
    let (begins, leaves) = (begun.clone(), left.clone());
    let builder = ThreadPoolExecutor::builder()
        .max_workers(2)
        .initializer(move || begins.add())
        .exit_hook(move || leaves.add());
    for round in 1..=1000 {
        let (pool, gate) = (builder.clone().build().unwrap(), Gate::closed());
        for _ in 0..3 {
            drop(pool.submit(gate.then(|| ())));
        }
        gate.open();
        drop(pool);
        assert_eq!((begun.count(), left.count()), (2 * round, 2 * round));
    }
}

#[test]
fn the_exit_hook_sees_what_tasks_left_on_its_thread() {
    thread_local!(static LEFT: Cell<u32> = const { Cell::new(0) });
    let _limit = limit();
    let (tell, told) = mpsc::channel();
    let pool = ThreadPoolExecutor::builder()
        .exit_hook(move || tell.send(LEFT.get()).unwrap())
        .build()
        .unwrap();
    pool.submit(|| LEFT.set(7)).into_result().unwrap();
    drop(pool);
    assert_eq!(told.iter().collect::<Vec<_>>(), [7]);
}

#[test]
fn a_worker_that_retires_runs_its_exit_hook() {
    let _limit = limit();
    let (tell, told) = mpsc::channel();
    let builder = ThreadPoolExecutor::builder().max_workers(1).keep_alive(Duration::ZERO);
    let pool = builder.exit_hook(move || tell.send(thread_name()).unwrap()).build().unwrap();
    for _ in 0..3 {
        let name = pool.submit(thread_name).into_result().unwrap();
        assert_eq!(told.recv().unwrap(), name);
    }
}

#[test]
fn an_exit_hook_that_panics_harms_nobody() {
    let _limit = limit();
    let pool = ThreadPoolExecutor::builder().max_workers(3).exit_hook(|| panic!("on my way out"));
    let pool = pool.build().unwrap();
    assert_eq!(at_once(&pool, 3, || 7), [7; 3]);
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!((pool.stats().returned, pool.stats().workers), (3, 0));
}

#[test]
fn a_worker_whose_initializer_panicked_has_no_exit_hook_to_run() {
    let _limit = limit();
    let leaves = Tally::default();
    let counted = leaves.clone();
    let pool = ThreadPoolExecutor::builder()
        .max_workers(1)
        .initializer(|| panic!("no database"))
        .exit_hook(move || counted.add())
        .build()
        .unwrap();
    let lost = pool.submit(|| ());
    assert!(lost.into_result().is_err());
    drop(pool);
    assert_eq!(leaves.count(), 0);
}

#[test]
fn an_exit_hook_may_wait_for_tasks_of_its_pool_and_of_another() {
    let _limit = limit();
    let (way, waits) = (Arc::new(OnceLock::<Submitter>::new()), AtomicBool::new(true));
    let (theirs, other, (tell, told)) = (Arc::clone(&way), pool(1), mpsc::channel());
    let builder = ThreadPoolExecutor::builder().max_workers(1).keep_alive(Duration::from_millis(1));
    let builder = builder.exit_hook(move || {
        if waits.swap(false, SeqCst) {
            tell.send(other.submit(|| 7).into_result().unwrap()).unwrap();
            tell.send(there(&theirs).submit(|| 8).into_result().unwrap()).unwrap();
        }
    });
    let pool = builder.build().unwrap();
    assert!(way.set(pool.submitter()).is_ok());
    assert_eq!(pool.submit(|| 1).into_result().unwrap(), 1);
    assert_eq!(told.iter().take(2).collect::<Vec<_>>(), [7, 8]);
}
