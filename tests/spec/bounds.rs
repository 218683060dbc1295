//! A bound on pending tasks: submits from outside wait for room or are refused, and nothing is lost
//! either way.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{
    BuildError, Executor, Future, Refusal, Shutdown, Submitter, ThreadPoolExecutor, task,
};

use crate::support::{Drops, Gate, LONG, Tally, eventually, hold, limit, panic_of};
use crate::told::{heard_and_bounded, heard_and_full};

fn bounded(max_workers: usize, capacity: usize) -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder().max_workers(max_workers).queue_capacity(capacity).build().unwrap()
}

fn is_full(pool: &ThreadPoolExecutor) -> bool {
    matches!(pool.try_submit(|| ()), Err(refused) if matches!(refused.why(), Refusal::Full))
}

#[test]
fn a_bound_is_at_least_one() {
    let _limit = limit();
    let refused = ThreadPoolExecutor::builder().queue_capacity(0).build().unwrap_err();
    assert_eq!(refused, BuildError::NoCapacity);
    assert_eq!(refused.to_string(), "queue_capacity must be greater than 0");
}

#[test]
fn a_full_pool_refuses_and_gives_the_closure_back() {
    let _limit = limit();
    let (pool, gate, pending, _) = heard_and_full(2);
    let (drops, alive) = (Drops::default(), Arc::new(()));
    let captured = Arc::clone(&alive);
    let refused = pool.try_submit(drops.with(move || Arc::strong_count(&captured))).unwrap_err();
    assert!(matches!(refused.why(), Refusal::Full));
    assert_eq!(refused.to_string(), "cannot submit: the executor's queue is full");
    assert_eq!(drops.count(), 0);
    assert_eq!(refused.into_inner()(), 2); // run by the caller
    assert_eq!((drops.count(), Arc::strong_count(&alive)), (1, 1));
    gate.open();
    assert!(pending.into_iter().all(|future| future.into_result().is_ok()));
    assert_eq!(pool.try_submit(|| 9).unwrap().into_result().unwrap(), 9);
}

/// The first task of a new worker was at no time pending, and a cancelled one frees its
/// room at once.
#[test]
fn pending_tasks_take_room_and_no_others() {
    let _limit = limit();
    let (pool, gate) = (bounded(3, 1), Gate::closed());
    let running = [(); 3].map(|()| pool.try_submit(gate.then(|| ())).unwrap());
    assert!(running.iter().all(Future::running));
    let pending = pool.try_submit(|| 7).unwrap();
    assert!(is_full(&pool));
    assert!(pending.cancel());
    let next = pool.try_submit(|| 9).unwrap();
    assert!(is_full(&pool));
    assert_eq!(pool.stats().queued, 1);
    gate.open();
    assert!(running.into_iter().all(|future| future.into_result().is_ok()));
    assert_eq!(next.into_result().unwrap(), 9);
}

#[test]
fn a_task_that_is_cancelled_before_it_is_given_takes_no_room() {
    let _limit = limit();
    let pool = bounded(1, 1);
    let _gate = hold(&pool);
    for _ in 0..3 {
        let (task, future) = task(|| ());
        future.cancel();
        pool.try_execute(task).unwrap();
    }
    drop(pool.try_submit(|| ()).unwrap());
    assert!(is_full(&pool));
}

/// A pool cannot hang on its own full queue, and a task that wants to hold back can ask.
#[test]
fn a_task_of_the_pool_is_accepted_although_it_is_full_and_may_ask_first() {
    let _limit = limit();
    let pool = bounded(1, 1);
    let (submitter, gate) = (pool.submitter(), Gate::closed());
    let outer = pool.submit(gate.then(move || {
        let soon = Duration::from_millis(1);
        let refused = [
            submitter.try_submit(|| 0).map_err(|refused| refused.to_string()),
            submitter.try_submit_timeout(soon, || 0).map_err(|refused| refused.to_string()),
        ];
        let full = "cannot submit: the executor's queue is full";
        let full = refused.iter().all(|refused| refused.as_ref().is_err_and(|why| why == full));
        let inner: Vec<_> = (0..100).map(|n| submitter.submit(move || n)).collect();
        (full, inner, submitter.stats().queued)
    }));
    let pending = pool.submit(|| 4);
    gate.open();
    let (full, inner, queued) = outer.into_result().unwrap();
    assert_eq!((full, queued), (true, 101));
    assert!(inner.into_iter().map(|future| future.into_result().unwrap()).eq(0..100));
    assert_eq!(pending.into_result().unwrap(), 4);
}

#[test]
fn a_callback_on_a_worker_submits_as_its_tasks_do() {
    let _limit = limit();
    let (pool, gate, pending, _) = heard_and_full(1);
    let (own, ran) = (pool.submitter(), Tally::default());
    let counted = ran.clone();
    pending[0].add_done_callback(move |_| {
        for _ in 0..3 {
            let counted = counted.clone();
            drop(own.submit(move || counted.add()));
        }
    });
    gate.open();
    eventually(|| ran.count() == 3);
}

#[test]
fn a_submit_waits_until_there_is_room() {
    let _limit = limit();
    let (pool, gate, pending, log) = heard_and_full(1);
    thread::scope(|scope| {
        let late = scope.spawn(|| [2, 3, 4].map(|n| pool.submit(move || n).into_result().unwrap()));
        log.wait_for_sleeps(1);
        assert!(!late.is_finished());
        assert_eq!(pool.stats().submitted, 2);
        gate.open();
        assert_eq!(late.join().unwrap(), [2, 3, 4]);
    });
    assert!(pending.iter().all(Future::done));
}

/// While the only worker is held.
#[test]
fn a_cancelled_task_lets_in_a_submitter_that_waits() {
    let _limit = limit();
    let (pool, gate, mut pending, log) = heard_and_full(1);
    for n in 1..20 {
        let late = thread::scope(|scope| {
            let before = log.sleeps();
            let late = scope.spawn(|| pool.submit(|| ()));
            if n % 2 == 0 {
                log.wait_for_sleeps(before + 1);
            }
            assert!(pending[0].cancel());
            late.join().unwrap()
        });
        assert!(!late.done());
        pending = vec![late];
    }
    gate.open();
    assert!(pending.remove(0).into_result().is_ok());
}

#[test]
fn a_submitter_that_waits_is_refused_when_the_pool_is_closed() {
    let _limit = limit();
    for how in [Shutdown::Drain, Shutdown::CancelPending, Shutdown::Stop] {
        let (pool, gate, _pending, log) = heard_and_full(1);
        thread::scope(|scope| {
            let polite = scope.spawn(|| pool.try_submit_timeout(Duration::MAX, || 7).unwrap_err());
            let plain = scope.spawn(|| panic_of(|| pool.submit(|| 7)));
            log.wait_for_sleeps(2);
            pool.close(how);
            let refused = polite.join().unwrap();
            assert!(matches!(refused.why(), Refusal::ShutDown));
            assert_eq!(refused.into_inner()(), 7);
            assert_eq!(plain.join().unwrap(), "cannot submit: the executor was shut down");
        });
        gate.open();
    }
}

#[test]
fn a_map_waits_for_room_for_its_first_worker_and_does_without_the_others() {
    let _limit = limit();
    let (pool, log) = heard_and_bounded(2, 1);
    let gate = hold(&pool);
    let pending = pool.submit(|| ());
    thread::scope(|scope| {
        let late = scope.spawn(|| pool.map(0..100, |n| n * 2));
        log.wait_for_sleeps(1);
        assert!(!late.is_finished());
        pending.cancel();
        let results = late.join().unwrap(); // while both workers are held
        assert_eq!(pool.stats().queued, 1);
        gate.open();
        assert!(results.map(Result::unwrap).eq((0..100).map(|n| n * 2)));
    });
}

#[test]
fn a_map_that_is_dropped_makes_room() {
    let _limit = limit();
    let pool = bounded(1, 1);
    let gate = hold(&pool);
    let results = pool.map(0..100, |n| n);
    assert!(is_full(&pool));
    drop(results);
    drop(pool.try_submit(|| ()).unwrap());
    gate.open();
}

#[test]
fn a_submit_with_a_deadline_gives_up_in_time_and_not_before() {
    let _limit = limit();
    let pool = bounded(1, 1);
    let gate = hold(&pool);
    let pending = pool.try_submit_timeout(Duration::ZERO, || 1).unwrap();
    let submitter = pool.submitter();
    for timeout in [Duration::ZERO, Duration::from_nanos(999_999), Duration::from_millis(12)] {
        let began = Instant::now();
        let work = || 2;
        let refusals = [
            pool.try_submit_timeout(timeout, work).unwrap_err(),
            submitter.try_submit_timeout(timeout, work).unwrap_err(),
            pool.named("late").try_submit_timeout(timeout, work).unwrap_err(),
        ];
        assert!(began.elapsed() >= 3 * timeout);
        for refused in refusals {
            assert!(matches!(refused.why(), Refusal::Full));
            assert_eq!(refused.into_inner()(), 2);
        }
    }
    gate.open();
    assert_eq!(pending.into_result().unwrap(), 1);
}

#[test]
fn a_submit_with_a_deadline_may_be_in_time() {
    let _limit = limit();
    for patience in [LONG, Duration::MAX] {
        let (pool, gate, _pending, log) = heard_and_full(1);
        let submitter = pool.submitter();
        thread::scope(|scope| {
            let late = scope.spawn(move || submitter.try_submit_timeout(patience, || 7).unwrap());
            log.wait_for_sleeps(1);
            gate.open();
            assert_eq!(late.join().unwrap().into_result().unwrap(), 7);
        });
        let named = pool.named("soon").try_submit_timeout(patience, || 8).unwrap();
        assert_eq!(named.into_result().unwrap(), 8);
        let executor: &dyn Executor = &pool;
        let future = executor.try_submit_timeout(patience, || 9).unwrap();
        assert_eq!(future.into_result().unwrap(), 9);
    }
}

#[test]
fn the_capacity_is_never_exceeded() {
    const CAPACITY: usize = 8;
    let _limit = limit();
    let pool = bounded(2, CAPACITY);
    let (ran, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                for _ in 0..7_000 {
                    drop(pool.submit(|| ()));
                    peak.fetch_max(pool.stats().queued, SeqCst);
                    ran.fetch_add(1, SeqCst);
                }
            });
        }
    });
    pool.shutdown(Shutdown::Drain).unwrap();
    assert!(peak.into_inner() <= CAPACITY);
    assert_eq!((ran.into_inner(), pool.stats().returned), (21_000, 21_000));
}

/// Whatever becomes of pending tasks, as many fit afterwards as before.
#[test]
fn no_room_is_lost_or_made() {
    const CAPACITY: usize = 5;
    let _limit = limit();
    for _ in 0..50 {
        let pool = bounded(3, CAPACITY);
        thread::scope(|threads| {
            threads.spawn(|| (0..30).for_each(|_| drop(pool.submit(|| ()))));
            threads.spawn(|| (0..30).for_each(|_| _ = pool.submit(|| ()).cancel()));
            threads.spawn(|| (0..10).for_each(|_| drop(pool.map(0..7, |n| n))));
            threads.spawn(|| (0..30).for_each(|_| drop(pool.try_submit(|| ()))));
            let submitter = pool.submitter();
            drop(pool.submit(move || (0..30).for_each(|_| drop(submitter.submit(|| ())))));
        });
        eventually(|| pool.stats().queued == 0 && pool.stats().running == 0);
        let gate = hold(&pool);
        let fit = (0..2 * CAPACITY).take_while(|_| pool.try_submit(|| ()).is_ok()).count();
        assert_eq!(fit, CAPACITY);
        gate.open();
    }
}

#[test]
fn every_closure_runs_is_cancelled_or_comes_back() {
    const EACH: usize = 500;
    let _limit = limit();
    let pool = bounded(2, 4);
    let (ran, drops) = (Tally::default(), Drops::default());
    let flood = |submitter: Submitter, cancels: bool| {
        let (ran, drops) = (ran.clone(), drops.clone());
        move || {
            let (mut refused, mut cancelled) = (0, 0);
            for n in 0..EACH {
                let work = drops.with({
                    let ran = ran.clone();
                    move || ran.add()
                });
                let tried = match n % 3 {
                    0 => Ok(submitter.submit(work)),
                    1 => submitter.try_submit(work),
                    _ => submitter.try_submit_timeout(Duration::from_micros(50), work),
                };
                match tried {
                    Ok(future) => cancelled += usize::from(cancels && future.cancel()),
                    Err(back) => {
                        assert!(matches!(back.why(), Refusal::Full));
                        refused += 1;
                    }
                }
            }
            refused + cancelled
        }
    };
    let floods = (0..4).map(|n| thread::spawn(flood(pool.submitter(), n % 2 == 0)));
    let elsewhere: usize =
        floods.collect::<Vec<_>>().into_iter().map(|flood| flood.join().unwrap()).sum();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(ran.count() + elsewhere, 4 * EACH);
    assert_eq!(drops.count(), 4 * EACH);
    assert_eq!(pool.stats().queued, 0);
}

/// A submitter that is woken for room may not need it, if its task goes to a new worker. Then
/// another is woken.
#[test]
fn room_that_one_does_without_is_for_another() {
    const EACH: usize = 300;
    let _limit = limit();
    let pool =
        ThreadPoolExecutor::builder().max_workers(2).queue_capacity(1).keep_alive(Duration::ZERO);
    let pool = pool.build().unwrap();
    let ran = Tally::default();
    thread::scope(|scope| {
        for _ in 0..6 {
            let (submitter, ran) = (pool.submitter(), ran.clone());
            scope.spawn(move || {
                for _ in 0..EACH {
                    let ran = ran.clone();
                    drop(submitter.submit(move || ran.add()));
                }
            });
        }
    });
    drop(pool);
    assert_eq!(ran.count(), 6 * EACH);
}

/// Each at least a tenth of its fair share.
#[test]
fn submitters_that_flood_a_pool_all_make_progress() {
    const SUBMITTERS: usize = 4;
    const TASKS: usize = 8_000;
    let _limit = limit();
    let pool = bounded(1, 2);
    let (begun, start) = (AtomicUsize::new(0), Barrier::new(SUBMITTERS));
    let accepted = thread::scope(|threads| {
        let flooding = [(); SUBMITTERS].map(|()| {
            threads.spawn(|| {
                start.wait();
                let mut mine = 0;
                while begun.fetch_add(1, SeqCst) < TASKS {
                    drop(pool.submit(|| ()));
                    mine += 1;
                }
                mine
            })
        });
        flooding.map(|thread| thread.join().unwrap())
    });
    assert_eq!(accepted.iter().sum::<usize>(), TASKS);
    assert!(accepted.iter().all(|&mine| mine >= TASKS / SUBMITTERS / 10), "{accepted:?}");
}
