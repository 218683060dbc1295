//! WAI: waiting until enough have ended.

use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::ReturnWhen::{self, AllCompleted, FirstCompleted, FirstFailure};
use glasspool::{DoneAndNotDone, Future, Shutdown, TaskError, task, wait};

use crate::common::{PROMPT, about_to_break, trickling};
use crate::support::{Gate, LONG, held_pool, let_others_block, pool, within, words};

const EVERY: [ReturnWhen; 3] = [FirstCompleted, FirstFailure, AllCompleted];

/// The values, or in words why there is none, of those that are done and of those that are not.
fn split<const D: usize, const N: usize>(
    split: &DoneAndNotDone<&Future<i32>>,
    done: [&Future<i32>; D],
    not_done: [&Future<i32>; N],
) -> bool {
    let same = |found: &[&Future<i32>], expected: &[&Future<i32>]| {
        found.len() == expected.len()
            && found.iter().zip(expected).all(|(a, b)| std::ptr::eq(*a, *b))
    };
    same(&split.done, &done) && same(&split.not_done, &not_done)
}

/// Other than in Python it is two entries, as each may have a key of its own.
#[test]
fn wai_01_one_that_is_given_twice_is_waited_for_and_counted_twice() {
    within(|| {
        let (pool, gate) = held_pool();
        let future = pool.submit(|| 7);
        assert!(split(
            &wait([&future, &future], Some(Duration::ZERO), AllCompleted),
            [],
            [&future; 2]
        ));
        gate.open();
        assert!(split(&wait([&future, &future], None, AllCompleted), [&future; 2], []));
        let keyed = wait([("a", &future), ("b", &future)], None, FirstCompleted);
        assert_eq!(keyed.done.iter().map(|(key, _)| *key).collect::<String>(), "ab");
    });
}

#[test]
fn wai_02_the_first_that_ends_is_enough() {
    within(|| {
        let pool = pool(3);
        let gates = [(); 3].map(|()| Gate::closed());
        let futures = [0, 1, 2].map(|n| pool.submit(gates[n].then(move || 7)));
        let [one, two, three] = &futures;
        thread::scope(|threads| {
            let waiting = threads.spawn(|| wait(&futures, None, FirstCompleted));
            let_others_block();
            gates[1].open();
            assert!(split(&waiting.join().unwrap(), [two], [one, three]));
        });
        // It is done already, so this does not wait; and a set without it does.
        assert!(split(&wait(&futures, None, FirstCompleted), [two], [one, three]));
        assert!(split(
            &wait([one, three], Some(Duration::from_millis(2)), FirstCompleted),
            [],
            [one, three]
        ));
        gates[0].open();
        assert!(split(&wait([one, three], None, FirstCompleted), [one], [three]));
    });
}

#[test]
fn wai_03_of_several_that_had_ended_all_are_told() {
    within(|| {
        let (pool, gate) = held_pool();
        let (pending, cancelled) = (pool.submit(|| 1), pool.submit(|| 2));
        cancelled.cancel();
        let (run, returned) = task(|| 3);
        run.run();
        let (run, panicked) = task(|| -> i32 { panic!("boom") });
        run.run();
        let began = Instant::now();
        let found = wait([&panicked, &pending, &returned, &cancelled], Some(LONG), FirstCompleted);
        assert!(split(&found, [&panicked, &returned, &cancelled], [&pending]));
        assert!(began.elapsed() < PROMPT);
        gate.open();
    });
}

#[test]
fn wai_04_the_first_that_fails_is_enough() {
    within(|| {
        let pool = pool(3);
        let gates = [(); 3].map(|()| Gate::closed());
        let slow = pool.submit(gates[0].then(|| 1));
        let returns = pool.submit(gates[1].then(|| 2));
        let fails = pool.submit(gates[2].then(|| -> i32 { panic!("boom") }));
        thread::scope(|threads| {
            let waiting = threads.spawn(|| wait([&slow, &returns, &fails], None, FirstFailure));
            gates[1].open();
            returns.result().unwrap();
            let_others_block();
            assert!(!waiting.is_finished());
            gates[2].open();
            assert!(split(&waiting.join().unwrap(), [&returns, &fails], [&slow]));
        });
        gates[0].open();
        assert_eq!(slow.into_result().unwrap(), 1);
    });
}

#[test]
fn wai_04_one_that_had_failed_before_is_enough_too() {
    within(|| {
        let (pool, gate) = held_pool();
        let pending = pool.submit(|| 1);
        let (run, failed) = task(|| -> i32 { panic!("boom") });
        run.run();
        assert!(split(&wait([&pending, &failed], None, FirstFailure), [&failed], [&pending]));
        gate.open();
    });
}

#[test]
fn wai_04_one_that_was_lost_with_its_worker_has_failed() {
    within(|| {
        let (pool, gate) = held_pool();
        let pending = pool.submit(|| 1);
        let breaking =
            glasspool::ThreadPoolExecutor::builder().initializer(|| panic!("no database"));
        let breaking = breaking.build().unwrap();
        let lost = breaking.submit(|| 2);
        assert!(split(&wait([&pending, &lost], None, FirstFailure), [&lost], [&pending]));
        assert!(matches!(lost.into_result(), Err(TaskError::Lost(_))));
        gate.open();
    });
}

#[test]
fn wai_06_if_none_fails_all_are_waited_for_and_being_cancelled_is_no_failure() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let first = pool.submit(gate.then(|| 1));
        let (cancelled, last) = (pool.submit(|| 2), pool.submit(|| 3));
        cancelled.cancel();
        thread::scope(|threads| {
            let waiting = threads.spawn(|| wait([&first, &cancelled, &last], None, FirstFailure));
            let_others_block();
            assert!(!waiting.is_finished());
            gate.open();
            assert!(split(&waiting.join().unwrap(), [&first, &cancelled, &last], []));
        });
    });
}

#[test]
fn wai_06_nor_is_returning_an_error() {
    within(|| {
        let (pool, gate) = held_pool();
        let pending = pool.submit(|| Ok(1));
        let (run, returns_an_error) = task(|| Err::<u8, _>("no such flag"));
        run.run();
        let found =
            wait([&pending, &returns_an_error], Some(Duration::from_millis(2)), FirstFailure);
        assert_eq!((found.done.len(), found.not_done.len()), (1, 1));
        gate.open();
        assert_eq!(wait([&pending, &returns_an_error], None, FirstFailure).done.len(), 2);
    });
}

#[test]
fn wai_07_values_panics_and_cancelled_ones_come_together() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures = [
            pool.submit(|| 1),
            pool.submit(|| -> i32 { panic!("boom") }),
            pool.submit(|| 3),
            pool.submit(|| -> i32 { panic!("bang") }),
        ];
        futures[2].cancel();
        thread::scope(|threads| {
            let waiting = threads.spawn(|| wait(&futures, None, AllCompleted));
            let_others_block();
            gate.open();
            let found = waiting.join().unwrap();
            let told: Vec<_> = found.done.iter().map(|future| words(future.result())).collect();
            let expected =
                ["1", "task panicked: boom", "task cancelled by the caller", "task panicked: bang"];
            assert_eq!((told, found.not_done.len()), (expected.map(str::to_owned).to_vec(), 0));
        });
    });
}

#[test]
fn wai_08_that_the_time_is_up_is_no_error_and_never_comes_early() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let running = pool.submit(gate.then(|| 1));
        gate.wait_for(1);
        let pending = pool.submit(|| 2);
        let (run, done) = task(|| 3);
        run.run();
        for nanos in [0, 1, 999_999, 1_000_001, 4_000_000] {
            let timeout = Duration::from_nanos(nanos);
            let began = Instant::now();
            let found = wait([&running, &done, &pending], Some(timeout), AllCompleted);
            assert!(began.elapsed() >= timeout);
            assert!(split(&found, [&done], [&running, &pending]));
            assert!(split(
                &wait([&running, &pending], Some(timeout), FirstCompleted),
                [],
                [&running, &pending]
            ));
        }
        gate.open();
        let found = wait([&running, &done, &pending], Some(LONG), AllCompleted);
        assert!(split(&found, [&running, &done, &pending], []));
    });
}

/// That something has ended gives no more of it. The last of them never does.
#[test]
fn wai_08_the_time_is_one_for_all() {
    within(|| {
        let in_time = |_| {
            let pool = pool(1);
            let (_never_run, never) = task(|| 0);
            let futures = trickling(&pool, 20).into_iter().chain([never]);
            let split = wait(futures, Some(Duration::from_millis(12)), AllCompleted);
            split.done.len()
        };
        // The best of three, as this thread may be held up meanwhile.
        assert!((0..3).map(in_time).min().unwrap() < 20);
    });
}

#[test]
fn wai_08_what_is_given_away_comes_back() {
    within(|| {
        let (pool, gate) = held_pool();
        let (run, done) = task(|| 0);
        run.run();
        let futures = vec![pool.submit(|| 1), done, pool.submit(|| 2)];
        let found = wait(futures, Some(Duration::from_millis(1)), AllCompleted);
        gate.open();
        let found = wait(found.not_done, None, AllCompleted);
        assert!(found.done.into_iter().map(|future| future.into_result().unwrap()).eq([1, 2]));
    });
}

/// Whoever asked and gave up leaves nothing behind.
#[test]
#[cfg(target_os = "linux")]
fn wai_08_waiting_in_vain_again_and_again_takes_no_memory() {
    use crate::support::{alone, kib_grown};
    alone(|| {
        let (_task, future) = task(|| 1);
        let grown = kib_grown(|| {
            assert_eq!(wait([&future], Some(Duration::ZERO), AllCompleted).not_done.len(), 1);
            assert!(future.result_timeout(Duration::ZERO).is_err());
        });
        assert!(grown < 1000, "{grown} KiB");
    });
}

#[test]
fn wai_09_nothing_at_all_is_not_waited_for() {
    within(|| {
        for when in EVERY {
            for timeout in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
                let found = wait(Vec::<Future<()>>::new(), timeout, when);
                assert!(found.done.is_empty() && found.not_done.is_empty());
            }
        }
    });
}

#[test]
fn wai_14_futures_of_several_pools_and_of_none_are_waited_for_together() {
    within(|| {
        let (one, two) = (pool(1), pool(2));
        let gates = [Gate::closed(), Gate::closed()];
        let (task, own) = task(|| 3);
        let futures = [one.submit(gates[0].then(|| 1)), two.submit(gates[1].then(|| 2)), own];
        let [first, second, third] = &futures;
        assert!(split(
            &wait(&futures, Some(Duration::ZERO), FirstCompleted),
            [],
            [first, second, third]
        ));
        gates[1].open();
        assert!(split(&wait(&futures, None, FirstCompleted), [second], [first, third]));
        thread::scope(|threads| {
            let waiting = threads.spawn(|| wait(&futures, None, AllCompleted));
            let_others_block();
            gates[0].open();
            task.run();
            assert!(split(&waiting.join().unwrap(), [first, second, third], []));
        });
    });
}

#[test]
fn wai_14_in_whatever_they_are_held_and_with_whatever_key() {
    within(|| {
        let pool = pool(1);
        let futures = [(); 3].map(|()| pool.submit(|| 7));
        assert_eq!(wait(futures.each_ref(), None, AllCompleted).done.len(), 3);
        assert_eq!(wait((0..).zip(&futures), None, AllCompleted).done.len(), 3);
        let shared = futures.map(Arc::new);
        assert_eq!(wait(shared.each_ref(), None, AllCompleted).done.len(), 3);
        assert_eq!(wait(shared.clone(), None, AllCompleted).done.len(), 3);
        let of_this_thread = [Rc::new(pool.submit(|| 8))];
        assert_eq!(wait(of_this_thread, None, AllCompleted).done.len(), 1);
        assert_eq!(wait([Box::new(pool.submit(|| 9))], None, AllCompleted).done.len(), 1);
    });
}

#[test]
fn wai_15_a_wait_in_progress_ends_when_a_shutdown_cancels_what_is_left() {
    within(|| {
        for how in [Shutdown::CancelPending, Shutdown::Stop] {
            let (pool, gate) = held_pool();
            let futures = [1, 2, 3].map(|n| pool.submit(move || n));
            thread::scope(|threads| {
                let waiting: Vec<_> = EVERY
                    .into_iter()
                    .map(|when| {
                        threads.spawn({
                            let futures = &futures;
                            move || wait(futures, None, when)
                        })
                    })
                    .collect();
                let_others_block();
                pool.close(how);
                for (thread, when) in waiting.into_iter().zip(EVERY) {
                    let found = thread.join().unwrap();
                    assert!(!found.done.is_empty(), "{when:?}");
                    assert!(when == FirstCompleted || found.done.len() == 3, "{when:?}");
                }
            });
            assert!(futures.iter().all(Future::cancelled));
            gate.open();
        }
    });
}

#[test]
fn wai_15_so_it_does_when_the_pool_breaks() {
    within(|| {
        let (pool, gate) = about_to_break();
        let futures = [(); 4].map(|()| pool.submit(|| 7));
        thread::scope(|threads| {
            let waiting = threads.spawn(|| wait(&futures, None, AllCompleted).done.len());
            let_others_block();
            gate.open();
            assert_eq!(waiting.join().unwrap(), 4);
        });
    });
}

/// bpo-14406 and bpo-20319: it blocked for ever though all was done.
#[test]
fn wai_07_a_wait_that_races_the_ends_always_returns() {
    within(|| {
        let pool = pool(2);
        for round in 0..500 {
            let futures: Vec<_> = (0..10).map(|n| pool.submit(move || n)).collect();
            if round % 2 == 0 {
                futures[9].cancel();
            }
            thread::scope(|threads| {
                let others =
                    threads.spawn(|| wait(futures.iter().rev(), None, AllCompleted).done.len());
                assert_eq!(wait(&futures, None, AllCompleted).done.len(), 10);
                assert!(!wait(&futures, None, FirstCompleted).done.is_empty());
                assert_eq!(others.join().unwrap(), 10);
            });
        }
    });
}
