//! RES: getting the result.

use std::cell::Cell;
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Future, ReturnWhen, Shutdown, TaskError, as_completed, task, wait};

use crate::common::PROMPT;
use crate::support::{Gate, LONG, held_pool, let_others_block, pool, within, words};

/// What waits for the gate, and whether that was open when the value came.
#[test]
fn res_01_a_result_that_is_asked_for_early_is_waited_for() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let lent = pool.submit(gate.then(|| 7));
        let (timed, moved) = (pool.submit(|| 8), pool.submit(|| 9));
        let opened = AtomicBool::new(false);
        let was_open = || opened.load(SeqCst);
        thread::scope(|threads| {
            let lending = threads.spawn(|| (*lent.result().unwrap(), was_open()));
            let timing =
                threads.spawn(|| (*timed.result_timeout(LONG).unwrap().unwrap(), was_open()));
            let moving = threads.spawn(|| (moved.into_result().unwrap(), was_open()));
            let_others_block();
            opened.store(true, SeqCst);
            gate.open();
            assert_eq!(lending.join().unwrap(), (7, true));
            assert_eq!(timing.join().unwrap(), (8, true));
            assert_eq!(moving.join().unwrap(), (9, true));
        });
    });
}

#[test]
fn res_01_so_it_is_when_a_thread_of_ones_own_runs_the_task() {
    within(|| {
        for round in 0..200 {
            let (task, future) = task(move || round);
            let running = thread::spawn(move || task.run());
            assert_eq!(future.into_result().unwrap(), round);
            running.join().unwrap();
        }
    });
}

#[test]
fn res_02_with_no_time_at_all_what_has_not_ended_times_out_and_stays_as_it_is() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let running = pool.submit(gate.then(|| 7));
        gate.wait_for(1);
        let pending = pool.submit(|| 8);
        for future in [&running, &pending] {
            for _ in 0..3 {
                let timed_out = future.result_timeout(Duration::ZERO).unwrap_err();
                assert_eq!(timed_out.unfinished(), 1);
                assert_eq!(timed_out.to_string(), "1 (of 1) futures unfinished");
            }
        }
        assert!(running.running() && !pending.running() && !pending.done());
        gate.open();
        assert_eq!((running.into_result().unwrap(), pending.into_result().unwrap()), (7, 8));
    });
}

#[test]
fn res_03_with_no_time_at_all_what_has_ended_is_told_as_what_it_is() {
    within(|| {
        let (pool, gate) = held_pool();
        let cancelled = pool.submit(|| 1);
        assert!(cancelled.cancel());
        gate.open();
        let failed = pool.submit(|| -> i32 { panic!("boom") });
        let finished = pool.submit(|| 3);
        wait([&failed, &finished], None, ReturnWhen::AllCompleted);
        for _ in 0..3 {
            let now = |future: &Future<i32>| words(future.result_timeout(Duration::ZERO).unwrap());
            assert_eq!(now(&cancelled), "task cancelled by the caller");
            assert_eq!(now(&failed), "task panicked: boom");
            assert_eq!(now(&finished), "3");
        }
    });
}

#[test]
fn res_05_a_wait_never_times_out_early() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let running = pool.submit(gate.then(|| ()));
        gate.wait_for(1);
        let pending = pool.submit(|| ());
        let timeouts = [1, 999, 999_999, 1_000_000, 1_000_001, 4_999_999].map(Duration::from_nanos);
        for (timeout, future) in
            timeouts.into_iter().cycle().zip([&running, &pending].into_iter().cycle()).take(120)
        {
            let began = Instant::now();
            assert!(future.result_timeout(timeout).is_err());
            assert!(began.elapsed() >= timeout, "{timeout:?}");
        }
    });
}

/// The best of ten; the rest is the machine's affair.
#[test]
fn res_06_with_much_time_what_has_ended_is_told_at_once() {
    within(|| {
        let pool = pool(1);
        let future = pool.submit(|| 7);
        future.result().unwrap();
        let best = (0..10).map(|_| {
            let began = Instant::now();
            assert_eq!(future.result_timeout(Duration::from_secs(1)).unwrap().unwrap(), &7);
            began.elapsed()
        });
        assert!(best.min().unwrap() < Duration::from_millis(100));
    });
}

#[test]
fn res_07_whoever_waits_for_it_learns_that_it_was_cancelled() {
    within(|| {
        let (pool, gate) = held_pool();
        let future = pool.submit(|| 7);
        let told = thread::scope(|threads| {
            let plain = threads.spawn(|| words(future.result()));
            let timed = threads.spawn(|| words(future.result_timeout(LONG).unwrap()));
            let_others_block();
            let cancelling = threads.spawn(|| future.cancel());
            [plain.join().unwrap(), timed.join().unwrap(), cancelling.join().unwrap().to_string()]
        });
        assert_eq!(told, ["task cancelled by the caller", "task cancelled by the caller", "true"]);
        gate.open();
    });
}

#[test]
fn res_07_also_when_its_pool_cancels_it() {
    within(|| {
        let (pool, gate) = held_pool();
        let (lent, moved) = (pool.submit(|| 7), pool.submit(|| 8));
        let told = thread::scope(|threads| {
            let plain = threads.spawn(|| words(lent.result()));
            let timed = threads.spawn(|| words(lent.result_timeout(LONG).unwrap()));
            let moving = threads.spawn(|| words(moved.into_result()));
            let_others_block();
            pool.close(Shutdown::CancelPending);
            [plain.join().unwrap(), timed.join().unwrap(), moving.join().unwrap()]
        });
        assert_eq!(told, ["task cancelled by the shutdown of its pool"; 3]);
        gate.open();
    });
}

/// All of them wait in the same moment, and each in its own way.
#[test]
fn res_08_however_many_wait_and_however_long_all_are_woken() {
    const WAITERS: usize = 8;
    type Ends = (&'static str, fn(&Future<u8>, Gate));
    let ways: [Ends; 2] = [
        ("7", |_, gate| gate.open()),
        ("task cancelled by the caller", |future, gate| {
            assert!(future.cancel());
            gate.open();
        }),
    ];
    within(move || {
        for (expected, end) in ways {
            let (pool, gate) = held_pool();
            let future = pool.submit(|| 7_u8);
            let told: Vec<_> = thread::scope(|threads| {
                let future = &future;
                let waiting: Vec<_> = (0..WAITERS)
                    .map(|n| {
                        threads.spawn(move || match n % 4 {
                            0 => words(future.result()),
                            1 => words(future.result_timeout(LONG).unwrap()),
                            2 => words(as_completed([future]).next().unwrap().result()),
                            _ => words(
                                wait([future], None, ReturnWhen::AllCompleted).done[0].result(),
                            ),
                        })
                    })
                    .collect();
                let_others_block();
                end(future, gate);
                waiting.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(told, [expected; WAITERS]);
        }
    });
}

#[test]
fn res_08_a_waiter_that_gives_up_takes_nobody_elses_turn() {
    within(|| {
        let (pool, gate) = held_pool();
        let future = pool.submit(|| 7);
        thread::scope(|threads| {
            let future = &future;
            let staying = [(); 3].map(|()| threads.spawn(|| *future.result().unwrap()));
            let leaving = [(); 5].map(|()| {
                threads.spawn(|| future.result_timeout(Duration::from_millis(1)).is_err())
            });
            assert!(
                leaving.map(|thread| thread.join().unwrap()).into_iter().all(|timed_out| timed_out)
            );
            gate.open();
            assert_eq!(staying.map(|thread| thread.join().unwrap()), [7; 3]);
        });
    });
}

/// There are no deadlines, and a duration is never negative: one that has passed has no time left.
#[test]
fn res_09_a_deadline_in_the_past_is_no_time_at_all() {
    within(|| {
        let (pool, gate) = held_pool();
        let pending = pool.submit(|| 7);
        let deadline = Instant::now();
        let mapped = pool.map([1, 2], |n| n);
        let ended = as_completed([&pending]);
        assert!(pending.result_timeout(Duration::from_millis(2)).is_err());
        let left = || deadline.saturating_duration_since(Instant::now());
        let began = Instant::now();
        assert_eq!(left(), Duration::ZERO);
        assert!(pending.result_timeout(left()).is_err());
        assert_eq!(wait([&pending], Some(left()), ReturnWhen::FirstCompleted).done.len(), 0);
        // The time of these has been up since before they were asked.
        assert!(ended.timeout(Duration::from_millis(1)).next().unwrap().is_err());
        assert!(mapped.timeout(Duration::from_millis(1)).next().unwrap().is_err());
        assert!(began.elapsed() < PROMPT);
        gate.open();
        assert_eq!(pending.into_result().unwrap(), 7);
    });
}

/// The best of ten rounds, as whatever is late beyond that is the machine.
#[test]
fn res_09_it_comes_back_within_a_fifth_of_a_second() {
    within(|| {
        let (pool, gate) = held_pool();
        let pending = pool.submit(|| 7);
        let best = (0..10).map(|_| {
            let began = Instant::now();
            assert!(pending.result_timeout(Duration::ZERO).is_err());
            began.elapsed()
        });
        assert!(best.min().unwrap() < Duration::from_millis(200));
        gate.open();
    });
}

/// What Python has as `exception()` is the error of a result.
#[test]
fn res_10_the_error_of_a_result_is_none_or_the_panic_or_that_it_was_cancelled() {
    within(|| {
        let (pool, gate) = held_pool();
        let (value, fails) = (pool.submit(|| 7), pool.submit(|| -> i32 { panic_any(418_u16) }));
        let cancelled = pool.submit(|| 9);
        assert!(cancelled.cancel());
        assert!(matches!(cancelled.result().err(), Some(TaskError::Cancelled(_))));
        let opened = AtomicBool::new(false);
        thread::scope(|threads| {
            let asking = threads.spawn(|| (fails.result().err(), opened.load(SeqCst)));
            let_others_block();
            opened.store(true, SeqCst);
            gate.open();
            let (Some(TaskError::Panicked(panic)), true) = asking.join().unwrap() else {
                panic!("{fails}")
            };
            assert_eq!(panic.take_payload().unwrap().downcast_ref(), Some(&418_u16));
        });
        assert!(value.result().err().is_none());
    });
}

#[test]
fn res_11_a_large_value_arrives_bit_by_bit() {
    within(|| {
        let pool = pool(1);
        let future = pool.submit(|| [0b1010_1010_u8; 4096]);
        assert_eq!(future.result().unwrap(), &[0b1010_1010; 4096]);
        assert_eq!(future.into_result().unwrap(), [0b1010_1010; 4096]);
        let many = pool.map(0..4_u8, |n| [n; 4096]);
        assert!(many.map(Result::unwrap).zip(0..).all(|(bytes, n)| bytes == [n; 4096]));
    });
}

/// A `Cell` may be sent, and not shared; what is around it may be neither cloned nor printed.
#[test]
fn res_12_a_value_need_not_be_shared_nor_cloned_nor_printed() {
    struct Opaque(Cell<i32>);
    let value = |n| move || Opaque(Cell::new(n));
    within(move || {
        let pool = pool(2);
        let future = pool.submit(value(7));
        future.result().unwrap().0.set(8);
        assert_eq!(
            future.try_result().unwrap().unwrap_or_else(|error| panic!("{error}")).0.get(),
            8
        );
        assert_eq!(future.into_result().unwrap_or_else(|error| panic!("{error}")).0.get(), 8);

        let (tell, told) = mpsc::channel();
        let future = pool.submit(value(9));
        future.add_done_callback(move |outcome| {
            tell.send(outcome.map(|opaque| opaque.0.get())).unwrap()
        });
        assert_eq!(told.recv().unwrap().unwrap(), 9);

        let many: Vec<_> = (0..3).map(|n| pool.submit(value(n))).collect();
        let split = wait(many, None, ReturnWhen::AllCompleted);
        let sum = as_completed(split.done)
            .map(|future| future.result().map(|opaque| opaque.0.get()).unwrap());
        assert_eq!(sum.sum::<i32>(), 3);
        let mapped = pool.map(0..3, |n| Opaque(Cell::new(n)));
        assert_eq!(mapped.flatten().map(|opaque| opaque.0.get()).sum::<i32>(), 3);
    });
}

#[test]
fn res_12_a_handle_with_such_a_value_can_go_to_another_thread() {
    within(|| {
        let (pool, gate) = held_pool();
        let future = pool.submit(|| Cell::new(7));
        let reading = thread::spawn(move || future.into_result().unwrap().get());
        gate.open();
        assert_eq!(reading.join().unwrap(), 7);
    });
}

/// Nothing is taken by asking: it lends the value, and that can be done again. What moves it out
/// takes the handle.
#[test]
fn res_14_asking_without_waiting_finds_nothing_before_the_end_and_the_value_ever_after() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = pool.submit(gate.then(|| String::from("mine")));
        assert!(future.try_result().is_none());
        gate.wait_for(1);
        assert!(future.try_result().is_none());
        gate.open();
        wait([&future], None, ReturnWhen::AllCompleted);
        for _ in 0..3 {
            assert_eq!(future.try_result().unwrap().unwrap(), "mine");
        }
        assert_eq!(future.into_result().unwrap(), "mine");
    });
}

#[test]
fn res_15_looking_at_a_value_does_not_consume_it() {
    within(|| {
        let pool = pool(1);
        let future = pool.submit(|| vec![4, 1, 8]);
        let address = future.result().unwrap().as_ptr();
        for _ in 0..3 {
            assert_eq!(future.result().unwrap().as_ptr(), address);
            assert_eq!(future.result_timeout(LONG).unwrap().unwrap().as_ptr(), address);
            assert_eq!(future.try_result().unwrap().unwrap().as_ptr(), address);
        }
        let moved = future.into_result().unwrap();
        assert_eq!(moved.as_ptr(), address);
    });
}

#[test]
fn res_15_several_threads_look_at_the_same_value() {
    within(|| {
        for _ in 0..100 {
            let (task, future) = task(|| String::from("lent"));
            let addresses = thread::scope(|threads| {
                let looking =
                    [(); 3].map(|()| threads.spawn(|| future.result().unwrap().as_ptr().addr()));
                task.run();
                looking.map(|thread| thread.join().unwrap())
            });
            assert!(addresses.iter().all(|address| *address == addresses[0]));
        }
    });
}
