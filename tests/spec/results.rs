//! How the value is had: waited for, lent as often as one likes, moved out once.

use std::cell::Cell;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use std::{array, ptr};

use glasspool::{Future, ReturnWhen, Shutdown, ThreadPoolExecutor, as_completed, task, wait};

use crate::support::{Gate, LONG, limit, pool, state, words};
use crate::told::heard_and_held;

type Wait = fn(&Future<u8>) -> String;

const WAITS: [Wait; 7] = [
    |it| words(it.result()),
    |it| words(it.result()),
    |it| words(it.result_timeout(LONG).unwrap()),
    |it| words(as_completed([it]).next().unwrap().result()),
    |it| words(as_completed([it]).timeout(LONG).next().unwrap().unwrap().result()),
    |it| words(wait([it], None, ReturnWhen::AllCompleted).done[0].result()),
    |it| words(wait([it], Some(LONG), ReturnWhen::FirstFailure).done[0].result()),
];

/// All of them sleep at the same time. The worker stays busy while it is cancelled.
#[test]
fn every_kind_of_waiter_is_woken_by_every_kind_of_end() {
    type Work = fn() -> u8;
    type End = fn(&ThreadPoolExecutor, &Future<u8>, &Gate);
    let ends: [(&str, Work, End); 4] = [
        ("7", || 7, |_, _, gate| gate.open()),
        ("task panicked: boom", || panic!("boom"), |_, _, gate| gate.open()),
        ("task cancelled by the caller", || 7, |_, future, _| assert!(future.cancel())),
        (
            "task cancelled by the shutdown of its pool",
            || 7,
            |pool, _, _| pool.close(Shutdown::CancelPending),
        ),
    ];
    let _limit = limit();
    for (expected, work, end) in ends {
        let (pool, gate, log) = heard_and_held();
        let (future, moved) = (pool.submit(work), pool.submit(work));
        thread::scope(|threads| {
            let future = &future;
            let moving = threads.spawn(|| words(moved.into_result()));
            let waiting = WAITS.map(|wait| threads.spawn(move || wait(future)));
            log.wait_for_asleep(WAITS.len() + 1);
            end(&pool, future, &gate);
            for thread in waiting {
                assert_eq!(thread.join().unwrap(), expected);
            }
            gate.open();
            let of_the_other = if expected.ends_with("caller") { "7" } else { expected };
            assert_eq!(moving.join().unwrap(), of_the_other);
        });
    }
}

#[test]
fn a_waiter_that_gives_up_takes_no_wake_up_from_the_others() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    let future = pool.submit(|| 7);
    thread::scope(|threads| {
        let future = &future;
        let staying = [(); 3].map(|()| threads.spawn(|| *future.result().unwrap()));
        let leaving = [(); 5]
            .map(|()| threads.spawn(|| future.result_timeout(Duration::from_millis(1)).is_err()));
        assert!(leaving.map(|thread| thread.join().unwrap()).iter().all(|timed_out| *timed_out));
        log.wait_for_asleep(3);
        gate.open();
        assert_eq!(staying.map(|thread| thread.join().unwrap()), [7; 3]);
    });
}

#[test]
fn a_wait_that_timed_out_leaves_the_future_as_it_was() {
    let _limit = limit();
    let (pool, gate) = (pool(1), Gate::closed());
    let running = pool.submit(gate.then(|| 7));
    gate.wait_for(1);
    let pending = pool.submit(|| 8);
    for (future, shown) in [(&running, "running"), (&pending, "pending")] {
        for timeout in [Duration::ZERO, Duration::from_millis(1)] {
            let timed_out = future.result_timeout(timeout).unwrap_err();
            assert_eq!((timed_out.unfinished(), state(future).as_str()), (1, shown));
        }
    }
    gate.open();
    assert_eq!((running.into_result().unwrap(), pending.into_result().unwrap()), (7, 8));
}

#[test]
fn a_timed_wait_never_gives_up_early() {
    let _limit = limit();
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
}

/// A duration is never negative, so a deadline that has passed leaves no time.
#[test]
fn a_timed_wait_for_an_ended_future_or_without_time_does_not_sleep() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    let pending = pool.submit(|| 7);
    let (task, ended) = task(|| 8);
    task.run();
    for _ in 0..10 {
        assert_eq!(ended.result_timeout(LONG).unwrap().unwrap(), &8);
        assert!(pending.result_timeout(Duration::ZERO).is_err());
        let now = Some(Duration::ZERO);
        assert!(wait([&pending], now, ReturnWhen::FirstCompleted).done.is_empty());
    }
    assert_eq!(log.sleeps(), 0);
    gate.open();
}

#[test]
fn a_value_is_lent_from_one_place_as_often_as_one_likes_and_moved_out_without_a_copy() {
    let _limit = limit();
    let (task, future) = task(|| {
        let boxed = Box::new(7);
        (ptr::from_ref(&*boxed).addr(), boxed)
    });
    task.run();
    let first = future.result().unwrap();
    assert_eq!(*first.1, 7);
    assert!(ptr::eq(first, future.result().unwrap()));
    assert!(ptr::eq(first, future.try_result().unwrap().unwrap()));
    assert!(ptr::eq(first, future.result_timeout(LONG).unwrap().unwrap()));
    let (address, boxed) = future.into_result().unwrap();
    assert_eq!(ptr::from_ref(&*boxed).addr(), address);
}

#[test]
fn four_kilobytes_arrive_as_they_were() {
    let _limit = limit();
    let pool = pool(1);
    let page: [u8; 4096] = array::from_fn(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]);
    let future = pool.submit(move || page);
    assert!(*future.result().unwrap() == page);
    assert!(future.into_result().unwrap() == page);
    let many = pool.map(0..4_u8, |n| [n; 4096]);
    assert!(many.map(Result::unwrap).zip(0..).all(|(bytes, n)| bytes == [n; 4096]));
}

/// A `Cell` may be sent, and not shared; `Opaque` is neither `Clone` nor `Debug`.
#[test]
fn a_value_needs_to_be_send_and_nothing_else() {
    struct Opaque(Cell<i32>);
    let value = |n| move || Opaque(Cell::new(n));
    let read = |future: Future<Opaque>| future.into_result().ok().unwrap().0.get();
    let _limit = limit();
    let pool = pool(2);
    let future = pool.submit(value(7));
    future.result().unwrap().0.set(8);
    assert_eq!(future.try_result().unwrap().ok().unwrap().0.get(), 8);
    assert_eq!(thread::spawn(move || read(future)).join().unwrap(), 8);

    let (tell, told) = mpsc::channel();
    let future = pool.submit(value(9));
    future.add_done_callback(move |outcome| tell.send(outcome.map(|it| it.0.get())).unwrap());
    assert_eq!(told.recv().unwrap().unwrap(), 9);

    let many: Vec<_> = (0..3).map(|n| pool.submit(value(n))).collect();
    let split = wait(many, None, ReturnWhen::AllCompleted);
    assert_eq!(as_completed(split.done).map(read).sum::<i32>(), 3);
    let mapped = pool.map(0..3, |n| Opaque(Cell::new(n)));
    assert_eq!(mapped.flatten().map(|opaque| opaque.0.get()).sum::<i32>(), 3);
}
