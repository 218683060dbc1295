//! QUE: bounded queues and rejection.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{BuildError, Refusal, Shutdown, ThreadPoolExecutor};

use crate::common::held_with_room_for;
use crate::support::{Gate, LONG, eventually, let_others_block, panic_of, within, words};

#[test]
fn que_01_a_full_queue_refuses_a_submit_that_does_not_wait_and_gives_back_the_closure() {
    within(|| {
        let (pool, gate) = held_with_room_for(2);
        let pending = [7, 8].map(|n| pool.try_submit(move || n).unwrap());
        let text = String::from("intact");
        let refused = pool.try_submit(move || text).unwrap_err();
        assert!(matches!(refused.why(), Refusal::Full));
        assert_eq!(refused.to_string(), "cannot submit: the executor's queue is full");
        assert_eq!(refused.into_inner()(), "intact"); // run by the caller
        gate.open();
        assert_eq!(pending.map(|future| future.into_result().unwrap()), [7, 8]);
        assert_eq!(pool.try_submit(|| 9).unwrap().into_result().unwrap(), 9);
    });
}

/// What a new worker is handed was never pending.
#[test]
fn que_01_only_what_is_pending_takes_room() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(3).queue_capacity(1).build().unwrap();
        let gate = Gate::closed();
        let running = [(); 3].map(|()| pool.try_submit(gate.then(|| ())).unwrap());
        let pending = pool.try_submit(|| 7).unwrap();
        assert!(matches!(pool.try_submit(|| 8).unwrap_err().why(), Refusal::Full));
        assert!(pending.cancel()); // and its room is free at once
        let next = pool.try_submit(|| 9).unwrap();
        assert!(matches!(pool.try_submit(|| 10).unwrap_err().why(), Refusal::Full));
        gate.open();
        assert!(running.into_iter().all(|future| future.into_result().is_ok()));
        assert_eq!(next.into_result().unwrap(), 9);
    });
}

/// So a pool cannot hang on its own full queue; a task that wants to hold back can ask.
#[test]
fn que_01_a_task_that_submits_to_its_own_pool_is_always_accepted_and_may_ask_first() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
        let (submitter, gate) = (pool.submitter(), Gate::closed());
        let outer = pool.submit(gate.then(move || {
            let full =
                submitter.try_submit(|| 0).is_err_and(|why| matches!(why.why(), Refusal::Full));
            (full, [1, 2, 3].map(|n| submitter.submit(move || n)), submitter.stats().queued)
        }));
        let pending = pool.submit(|| 4);
        gate.open();
        let (full, inner, queued) = outer.into_result().unwrap();
        assert_eq!((full, queued), (true, 4));
        assert_eq!(inner.map(|future| future.into_result().unwrap()), [1, 2, 3]);
        assert_eq!(pending.into_result().unwrap(), 4);
    });
}

#[test]
fn que_02_a_submit_waits_for_room_and_then_succeeds() {
    within(|| {
        let (pool, gate) = held_with_room_for(1);
        let first = pool.submit(|| 1);
        thread::scope(|threads| {
            let waiting =
                threads.spawn(|| [2, 3, 4].map(|n| pool.submit(move || n).into_result().unwrap()));
            let_others_block();
            let early = waiting.is_finished() || pool.stats().submitted > 2;
            gate.open();
            assert_eq!(waiting.join().unwrap(), [2, 3, 4]);
            assert!(!early);
        });
        assert_eq!(first.into_result().unwrap(), 1);
    });
}

/// Its worker stands at the gate all the time.
#[test]
fn que_02_a_submit_that_waits_gets_the_room_of_what_is_cancelled() {
    within(|| {
        let (pool, gate) = held_with_room_for(1);
        let mut pending = pool.submit(|| 0);
        for n in 1..20 {
            pending = thread::scope(|threads| {
                let waiting = threads.spawn(|| pool.submit(move || n));
                if n % 5 == 0 {
                    let_others_block();
                }
                assert!(pending.cancel());
                waiting.join().unwrap()
            });
        }
        gate.open();
        assert_eq!(pending.into_result().unwrap(), 19);
    });
}

#[test]
fn que_02_a_submit_that_waits_is_refused_when_the_pool_is_closed() {
    within(|| {
        for how in [Shutdown::Drain, Shutdown::CancelPending, Shutdown::Stop] {
            let (pool, gate) = held_with_room_for(1);
            let _pending = pool.submit(|| ());
            thread::scope(|threads| {
                let panicking = threads.spawn(|| panic_of(|| pool.submit(|| ())));
                let returning = threads.spawn(|| pool.try_submit_timeout(LONG, || 7).unwrap_err());
                let_others_block();
                pool.close(how);
                assert_eq!(panicking.join().unwrap(), "cannot submit: the executor was shut down");
                let refused = returning.join().unwrap();
                assert!(matches!(refused.why(), Refusal::ShutDown));
                assert_eq!(refused.into_inner()(), 7);
            });
            gate.open();
        }
    });
}

#[test]
fn que_02_a_map_waits_for_room_too() {
    within(|| {
        let (pool, gate) = held_with_room_for(1);
        let _pending = pool.submit(|| ());
        thread::scope(|threads| {
            let mapping =
                threads.spawn(|| pool.map(0..100, |n| n).map(Result::unwrap).collect::<Vec<_>>());
            let_others_block();
            gate.open();
            assert!(mapping.join().unwrap().into_iter().eq(0..100));
        });
    });
}

#[test]
fn que_03_a_timed_submit_gives_up_in_time_and_gives_back_the_closure() {
    within(|| {
        let (pool, gate) = held_with_room_for(1);
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
    });
}

#[test]
fn que_03_a_timed_submit_succeeds_when_room_comes_in_time() {
    within(|| {
        let (pool, gate) = held_with_room_for(1);
        let pending = pool.submit(|| 1);
        thread::scope(|threads| {
            let waiting = threads.spawn(|| pool.try_submit_timeout(LONG, || 2).unwrap());
            let_others_block();
            gate.open();
            assert_eq!(words(waiting.join().unwrap().into_result()), "2");
        });
        assert_eq!(pending.into_result().unwrap(), 1);
    });
}

#[test]
fn que_05_the_capacity_is_never_exceeded() {
    const CAPACITY: usize = 8;
    within(|| {
        let pool =
            ThreadPoolExecutor::builder().max_workers(2).queue_capacity(CAPACITY).build().unwrap();
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
    });
}

/// After all that can happen to what is pending, as much fits as at the beginning.
#[test]
fn que_05_no_room_is_lost_or_made() {
    const CAPACITY: usize = 5;
    within(|| {
        for _ in 0..50 {
            let pool = ThreadPoolExecutor::builder()
                .max_workers(3)
                .queue_capacity(CAPACITY)
                .build()
                .unwrap();
            thread::scope(|threads| {
                threads.spawn(|| (0..30).for_each(|_| drop(pool.submit(|| ()))));
                threads.spawn(|| (0..30).for_each(|_| _ = pool.submit(|| ()).cancel()));
                threads.spawn(|| (0..10).for_each(|_| drop(pool.map(0..7, |n| n))));
                threads.spawn(|| (0..30).for_each(|_| drop(pool.try_submit(|| ()))));
                let submitter = pool.submitter();
                drop(pool.submit(move || (0..30).for_each(|_| drop(submitter.submit(|| ())))));
            });
            eventually(|| pool.stats().queued == 0 && pool.stats().running == 0);
            let gate = Gate::closed();
            let _held = [(); 3].map(|()| pool.submit(gate.then(|| ())));
            gate.wait_for(3);
            let fit = (0..2 * CAPACITY).take_while(|_| pool.try_submit(|| ()).is_ok()).count();
            assert_eq!(fit, CAPACITY);
            gate.open();
        }
    });
}

#[test]
fn que_09_a_capacity_of_zero_is_refused_when_the_pool_is_built() {
    within(|| {
        let error = ThreadPoolExecutor::builder().queue_capacity(0).build().unwrap_err();
        assert_eq!(error, BuildError::NoCapacity);
        assert_eq!(error.to_string(), "queue_capacity must be greater than 0");
    });
}

/// Each at least a tenth of its fair share.
#[test]
fn que_10_several_who_flood_a_pool_all_make_progress() {
    const SUBMITTERS: usize = 4;
    const TASKS: usize = 8_000;
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(2).build().unwrap();
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
    });
}
