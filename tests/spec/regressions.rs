//! What has gone wrong in `CPython`'s `concurrent.futures`, and must not here. Each name has the
//! number.

use std::thread;
use std::time::Duration;

use glasspool::{ReturnWhen, Shutdown, TaskError, as_completed, wait};

use crate::support::{Tally, counted, gated, held_pool, limit, pool, words};
use crate::told::{heard, heard_and_held};

/// `wait` blocked for ever though all was done, if it raced the ends.
#[test]
fn bpo_14406_and_bpo_20319_a_wait_that_races_the_ends_always_returns() {
    let _limit = limit();
    let pool = pool(2);
    for round in 0..500 {
        let futures: Vec<_> = (0..10).map(|n| pool.submit(move || n)).collect();
        if round % 2 == 0 {
            futures[9].cancel();
        }
        thread::scope(|threads| {
            let others = threads
                .spawn(|| wait(futures.iter().rev(), None, ReturnWhen::AllCompleted).done.len());
            assert_eq!(wait(&futures, None, ReturnWhen::AllCompleted).done.len(), 10);
            assert!(!wait(&futures, None, ReturnWhen::FirstCompleted).done.is_empty());
            assert_eq!(others.join().unwrap(), 10);
        });
    }
}

/// `wait` never returned if it was given a future that had been cancelled before.
#[test]
fn cpython_92001_a_wait_for_a_future_that_was_cancelled_before_returns() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let futures: Vec<_> = (0..1000).map(|n| pool.submit(move || n)).collect();
    let last = futures.last().unwrap();
    assert!(last.cancel());
    for when in [ReturnWhen::FirstCompleted, ReturnWhen::FirstFailure, ReturnWhen::AllCompleted] {
        assert_eq!(wait([last], None, when).done.len(), 1, "{when:?}");
    }
    let split = wait(&futures, None, ReturnWhen::FirstCompleted);
    assert_eq!((split.done.len(), split.not_done.len()), (1, 999));
    pool.close(Shutdown::CancelPending);
    gate.open();
}

/// `as_completed` never handed over what `shutdown(cancel_futures=True)` had cancelled, before the
/// call or while it waited.
#[test]
fn cpython_87893_futures_that_a_shutdown_cancels_are_handed_over() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    let futures = [1, 2, 3].map(|n| pool.submit(move || n));
    let before = as_completed(&futures);
    let told = thread::scope(|threads| {
        let iterating =
            threads.spawn(|| before.map(|future| words(future.result())).collect::<Vec<_>>());
        log.wait_for_asleep(1);
        pool.close(Shutdown::CancelPending);
        iterating.join().unwrap()
    });
    assert_eq!(told, ["task cancelled by the shutdown of its pool"; 3]);
    assert_eq!(as_completed(&futures).count(), 3);
    gate.open();
}

/// `wait` told of a cancelled future that it was not done, for as long as no worker had come across
/// it.
#[test]
fn cpython_109934_a_cancelled_future_is_done_to_every_kind_of_wait_at_once() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let (cancelled, pending) = (pool.submit(|| 1), pool.submit(|| 2));
    assert!(cancelled.cancel());
    // The only worker is busy, and will not come across anything.
    let split = wait([&cancelled, &pending], Some(Duration::ZERO), ReturnWhen::AllCompleted);
    assert!(split.done.len() == 1 && std::ptr::eq(split.done[0], &raw const cancelled));
    let mut ended = as_completed([&pending, &cancelled]).timeout(Duration::ZERO);
    assert!(ended.next().unwrap().unwrap().cancelled() && ended.next().unwrap().is_err());
    assert!(cancelled.result_timeout(Duration::ZERO).is_ok() && cancelled.try_result().is_some());
    gate.open();
}

/// With a buffer, `map` submitted the next item before it waited for the result: so one more than
/// asked for was in flight.
#[test]
fn cpython_131466_no_more_items_than_the_buffer_holds_are_in_flight_while_the_reader_waits() {
    let _limit = limit();
    let ((pool, log), (gates, function), (items, taken)) = (heard(4), gated(3), counted(100));
    let mut results = pool.map_buffered(items, 2, function);
    for (n, gate) in gates.iter().enumerate() {
        thread::scope(|threads| {
            let reading = threads.spawn(|| results.next());
            log.wait_for_asleep(1);
            assert_eq!((taken.count(), pool.stats().submitted), (n + 2, n as u64 + 2));
            gate.open();
            assert_eq!(reading.join().unwrap().unwrap().unwrap(), n);
        });
    }
}

/// Dropping what `map` returns cancelled the rest if it had been iterated, and let all of it run if
/// not. Here it always cancels.
#[test]
fn cpython_136578_the_drop_of_a_map_is_the_same_whether_it_has_been_iterated_or_not() {
    let _limit = limit();
    for (read, buffered) in [(0, false), (1, false), (0, true), (1, true)] {
        let (pool, (gates, function), runs) = (pool(1), gated(2), Tally::default());
        let ran = runs.clone();
        let counts = move |n| {
            ran.add();
            function(n)
        };
        let mut results: Box<dyn Iterator<Item = Result<usize, TaskError>>> = if buffered {
            Box::new(pool.map_buffered(0..5, 4, counts))
        } else {
            Box::new(pool.map(0..5, counts))
        };
        if read == 1 {
            gates[0].open();
            assert_eq!(results.next().unwrap().unwrap(), 0);
        }
        gates[read].wait_for(1);
        drop(results);
        drop(gates);
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(runs.count(), read + 1);
    }
}
