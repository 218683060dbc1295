//! A bound on what may wait: submits from outside wait for room or are refused, and nothing is lost
//! either way.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{
    BuildError, Executor, Future, Refusal, Shutdown, Submitter, ThreadPoolExecutor, task,
};

use crate::support::{Drops, Gate, Tally, eventually, let_others_block, panic_of, within};

fn bounded(max_workers: usize, capacity: usize) -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder().max_workers(max_workers).queue_capacity(capacity).build().unwrap()
}

/// A pool of one worker, which stands at the gate, and of whose room so many places are taken.
fn bounded_and_held(
    capacity: usize,
    taken: usize,
) -> (ThreadPoolExecutor, Gate, Vec<Future<usize>>) {
    let (pool, gate) = (bounded(1, capacity), Gate::closed());
    drop(pool.submit(gate.then(|| ())));
    gate.wait_for(1);
    let waiting = (0..taken).map(|n| pool.submit(move || n)).collect();
    (pool, gate, waiting)
}

fn is_full<F>(pool: &ThreadPoolExecutor, work: F) -> bool
where
    F: FnOnce() + Send + 'static,
{
    matches!(pool.try_submit(work), Err(refused) if matches!(refused.why(), Refusal::Full))
}

#[test]
fn a_bound_is_at_least_one() {
    within(|| {
        let refused = ThreadPoolExecutor::builder().queue_capacity(0).build().unwrap_err();
        assert_eq!(refused, BuildError::NoCapacity);
        assert_eq!(refused.to_string(), "queue_capacity must be greater than 0");
    });
}

#[test]
fn a_full_pool_refuses_and_gives_the_closure_back() {
    within(|| {
        let (pool, gate, waiting) = bounded_and_held(2, 2);
        let (drops, alive) = (Drops::default(), Arc::new(()));
        let captured = Arc::clone(&alive);
        let refused =
            pool.try_submit(drops.with(move || Arc::strong_count(&captured))).unwrap_err();
        assert!(matches!(refused.why(), Refusal::Full));
        assert_eq!(refused.to_string(), "cannot submit: the executor's queue is full");
        assert_eq!(drops.count(), 0);
        assert_eq!(refused.into_inner()(), 2);
        assert_eq!((drops.count(), Arc::strong_count(&alive)), (1, 1));
        gate.open();
        assert!(waiting.into_iter().map(|future| future.into_result().unwrap()).eq(0..2));
    });
}

#[test]
fn a_submit_waits_until_there_is_room() {
    within(|| {
        let (pool, gate, waiting) = bounded_and_held(1, 1);
        thread::scope(|scope| {
            let late = scope.spawn(|| pool.submit(|| 7));
            let_others_block();
            assert!(!late.is_finished());
            gate.open();
            assert_eq!(late.join().unwrap().into_result().unwrap(), 7);
        });
        assert!(waiting.iter().all(Future::done));
    });
}

#[test]
fn a_submit_with_a_deadline_gives_up_in_time_and_not_before() {
    within(|| {
        let (pool, _gate, _waiting) = bounded_and_held(1, 1);
        let (patience, began) = (Duration::from_millis(20), Instant::now());
        let refused = pool.try_submit_timeout(patience, || 7).unwrap_err();
        assert!(began.elapsed() >= patience);
        assert!(matches!(refused.why(), Refusal::Full));
        assert_eq!(refused.into_inner()(), 7);
    });
}

#[test]
fn a_submit_with_a_deadline_may_be_in_time() {
    within(|| {
        let (pool, gate, _waiting) = bounded_and_held(1, 1);
        for patience in [Duration::from_secs(1000), Duration::MAX] {
            let (pool, submitter) = (&pool, pool.submitter());
            thread::scope(|scope| {
                let late =
                    scope.spawn(move || submitter.try_submit_timeout(patience, || 7).unwrap());
                let_others_block();
                gate.open();
                assert_eq!(late.join().unwrap().into_result().unwrap(), 7);
            });
            assert_eq!(
                pool.named("soon")
                    .try_submit_timeout(patience, || 8)
                    .unwrap()
                    .into_result()
                    .unwrap(),
                8
            );
            let executor: &dyn Executor = pool;
            assert_eq!(
                executor.try_submit_timeout(patience, || 9).unwrap().into_result().unwrap(),
                9
            );
        }
    });
}

#[test]
fn room_is_what_is_pending_so_cancelling_makes_it_at_once() {
    within(|| {
        let (pool, _gate, waiting) = bounded_and_held(3, 3);
        assert!(is_full(&pool, || ()));
        assert!(waiting[1].cancel());
        drop(pool.try_submit(|| ()).unwrap());
        assert!(is_full(&pool, || ()));
        assert_eq!(pool.stats().queued, 3);
    });
}

#[test]
fn cancelling_lets_in_whoever_waits() {
    within(|| {
        let (pool, gate, waiting) = bounded_and_held(1, 1);
        let late = thread::scope(|scope| {
            let late = scope.spawn(|| pool.submit(|| 7));
            let_others_block();
            assert!(waiting[0].cancel());
            late.join().unwrap() // while the only worker is still held
        });
        assert!(!late.done());
        gate.open();
        assert_eq!(late.into_result().unwrap(), 7);
    });
}

#[test]
fn a_task_that_is_handed_to_a_new_worker_takes_no_room() {
    within(|| {
        let (pool, gate) = (bounded(3, 1), Gate::closed());
        let running: Vec<_> =
            (0..3).map(|n| pool.try_submit(gate.then(move || n)).unwrap()).collect();
        assert!(running.iter().all(Future::running));
        let waits = pool.try_submit(|| 3).unwrap();
        assert!(is_full(&pool, || ()));
        gate.open();
        assert_eq!(waits.into_result().unwrap(), 3);
    });
}

#[test]
fn a_task_that_was_cancelled_before_it_was_given_takes_no_room() {
    within(|| {
        let (pool, _gate, _waiting) = bounded_and_held(1, 0);
        for _ in 0..3 {
            let (task, future) = task(|| ());
            future.cancel();
            pool.try_execute(task).unwrap();
        }
        drop(pool.try_submit(|| ()).unwrap());
        assert!(is_full(&pool, || ()));
    });
}

#[test]
fn what_a_pools_own_task_submits_is_always_accepted() {
    within(|| {
        let (pool, ran) = (bounded(1, 1), Tally::default());
        let (own, counted) = (pool.submitter(), ran.clone());
        let outer = pool.submit(move || {
            let inner = (0..100).map(|_| {
                let counted = counted.clone();
                own.submit(move || counted.add())
            });
            inner.collect::<Vec<_>>()
        });
        let inner = outer.into_result().unwrap();
        for future in inner {
            future.into_result().unwrap();
        }
        assert_eq!(ran.count(), 100);
    });
}

#[test]
fn a_task_that_would_rather_hold_back_may() {
    within(|| {
        let pool = bounded(1, 2);
        let own = pool.submitter();
        let refusals = pool.submit(move || {
            let tried = (0..5).map(|_| own.try_submit(|| ()));
            let refused = tried.filter(
                |tried| matches!(tried, Err(refused) if matches!(refused.why(), Refusal::Full)),
            );
            let at_once = refused.count();
            let in_vain = own.try_submit_timeout(Duration::from_millis(1), || ()).is_err();
            (at_once, in_vain)
        });
        assert_eq!(refusals.into_result().unwrap(), (3, true));
    });
}

#[test]
fn a_callback_on_a_worker_submits_as_its_tasks_do() {
    within(|| {
        let (pool, gate, waiting) = bounded_and_held(1, 1);
        let (own, ran) = (pool.submitter(), Tally::default());
        let counted = ran.clone();
        waiting[0].add_done_callback(move |_| {
            for _ in 0..3 {
                let counted = counted.clone();
                drop(own.submit(move || counted.add()));
            }
        });
        gate.open();
        eventually(|| ran.count() == 3);
    });
}

#[test]
fn whoever_waits_for_room_is_told_when_there_will_be_none() {
    within(|| {
        for how in [Shutdown::Drain, Shutdown::CancelPending, Shutdown::Stop] {
            let (pool, gate, _waiting) = bounded_and_held(1, 1);
            thread::scope(|scope| {
                let polite =
                    scope.spawn(|| pool.try_submit_timeout(Duration::MAX, || 7).unwrap_err());
                let plain = scope.spawn(|| panic_of(|| pool.submit(|| 7)));
                let_others_block();
                pool.close(how);
                let refused = polite.join().unwrap();
                assert!(matches!(refused.why(), Refusal::ShutDown));
                assert_eq!(refused.into_inner()(), 7);
                assert_eq!(plain.join().unwrap(), "cannot submit: the executor was shut down");
            });
            gate.open();
        }
    });
}

#[test]
fn a_map_waits_for_room_for_its_first_worker_and_does_without_the_others() {
    within(|| {
        let (pool, gate) = (bounded(2, 1), Gate::closed());
        let held: Vec<_> = (0..2).map(|_| pool.submit(gate.then(|| ()))).collect();
        gate.wait_for(2);
        let waits = pool.submit(|| ());
        thread::scope(|scope| {
            let late = scope.spawn(|| pool.map(0..100, |n| n * 2));
            let_others_block();
            assert!(!late.is_finished());
            waits.cancel();
            let results = late.join().unwrap(); // while both workers are still held
            assert_eq!(pool.stats().queued, 1);
            gate.open();
            assert!(results.map(Result::unwrap).eq((0..100).map(|n| n * 2)));
        });
        drop(held);
    });
}

#[test]
fn a_map_that_is_dropped_makes_room() {
    within(|| {
        let (pool, gate, _waiting) = bounded_and_held(1, 0);
        let results = pool.map(0..100, |n| n);
        assert!(is_full(&pool, || ()));
        drop(results);
        drop(pool.try_submit(|| ()).unwrap());
        gate.open();
    });
}

#[test]
fn every_closure_runs_is_cancelled_or_comes_back() {
    const EACH: usize = 500;
    within(|| {
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
    });
}

/// Whoever is woken for room may do without: its task goes to a new worker. Then another is woken.
#[test]
fn room_that_one_does_without_is_for_another() {
    const EACH: usize = 300;
    within(|| {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(2)
            .queue_capacity(1)
            .keep_alive(Duration::ZERO);
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
    });
}

#[test]
fn the_bound_holds_for_what_comes_from_outside() {
    within(|| {
        let (pool, gate) = (bounded(2, 5), Gate::closed());
        let held: Vec<_> = (0..2).map(|_| pool.submit(gate.then(|| ()))).collect();
        thread::scope(|scope| {
            let floods: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..200 {
                            drop(pool.submit(|| ()));
                            assert!(pool.stats().queued <= 5);
                        }
                    })
                })
                .collect();
            eventually(|| pool.stats().queued == 5);
            gate.open();
            for flood in floods {
                flood.join().unwrap();
            }
        });
        drop(held);
    });
}
