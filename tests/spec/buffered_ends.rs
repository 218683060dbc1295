//! Buffered maps that end before their items do: by a closing, a break, or a panic of the items.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::thread;

use glasspool::{CancelReason, Shutdown, TaskError, ThreadPoolExecutor};

use crate::support::{
    Drops, Gate, LONG, Tally, counted, gated, held_pool, limit, ordered, panic_of, pool, words,
};
use crate::told::{Log, observed};

const BY_SHUTDOWN: &str = "task cancelled by the shutdown of its pool";

/// Items that count up to a bad one and panic in its place, and how often they were asked for one.
fn panicking_at(bad: usize) -> (impl Iterator<Item = usize>, Tally) {
    let asked = Tally::default();
    let asks = asked.clone();
    let items = (0..).inspect(move |n| {
        asks.add();
        assert!(*n != bad, "no item {n}");
    });
    (items, asked)
}

/// CPython ended silently after the buffer, or lost it (cpython#146392).
#[test]
fn items_in_flight_come_after_a_closing_and_then_why_there_are_no_more() {
    let _limit = limit();
    for (size, read, in_order) in
        [(1, 0, true), (2, 1, true), (5, 3, true), (1, 1, false), (2, 0, false)]
    {
        let (pool, (items, taken)) = (pool(2), counted(100));
        let mut results = ordered(pool.map_buffered(items, size, |n| n), in_order);
        assert_eq!(results.by_ref().take(read).flatten().count(), read);
        if read % 2 == 0 {
            pool.shutdown(Shutdown::Drain).unwrap();
        } else {
            drop(pool);
        }
        let mut values: Vec<_> = (0..size).map(|_| results.next().unwrap().unwrap()).collect();
        assert_eq!(words(results.next().unwrap()), BY_SHUTDOWN);
        assert!((0..3).all(|_| results.next().is_none()));
        if in_order {
            assert!(values.into_iter().eq(read..read + size));
        } else {
            values.sort_unstable();
            assert!(values.is_sorted_by(|one, next| one < next));
        }
        assert!(taken.count() <= read + size + 1);
    }
}

/// In both orders: otherwise a reader that stops at the first error would lose what was in flight.
#[test]
fn a_refused_item_comes_last() {
    let _limit = limit();
    for unordered in [false, true] {
        let (pool, gate) = (pool(1), Gate::closed());
        let way = gate.way();
        let results = pool.map_buffered(0.., 3, move |n| {
            if n > 0 {
                way.pass();
            }
            n
        });
        let mut results = if unordered { results.unordered() } else { results };
        gate.wait_for(1);
        pool.close(Shutdown::Drain);
        assert_eq!(results.next().unwrap().unwrap(), 0);
        gate.open();
        let rest: Vec<_> = results.map(words).collect();
        assert_eq!(rest, ["1", "2", "task cancelled by the shutdown of its pool"]);
    }
}

/// Also of the item that was refused.
#[test]
fn a_cancelling_close_is_told_of_each_item_in_flight() {
    let _limit = limit();
    for how in [Shutdown::CancelPending, Shutdown::Stop] {
        let ((pool, gate), (items, taken)) = (held_pool(), counted(100));
        let mut results = pool.map_buffered(items, 3, |n| n);
        pool.close(how);
        for _ in 0..4 {
            let error = results.next().unwrap().unwrap_err();
            assert!(matches!(error, TaskError::Cancelled(CancelReason::ByShutdown)), "{error}");
        }
        assert!((0..3).all(|_| results.next().is_none()));
        assert!(taken.count() <= 4);
        gate.open();
    }
}

#[test]
fn a_closing_after_the_last_item_was_taken_cuts_nothing_off() {
    let _limit = limit();
    for in_order in [true, false] {
        let ((pool, gate), (items, taken)) = (held_pool(), counted(3));
        let mut results = ordered(pool.map_buffered(items, 4, |n| n), in_order);
        assert_eq!(taken.count(), 3);
        pool.close(Shutdown::Drain);
        gate.open();
        assert!(results.by_ref().map(Result::unwrap).eq(0..3));
        assert!(results.next().is_none());
    }
}

/// The second worker breaks the pool, while the first is busy with an item.
#[test]
fn items_in_flight_come_after_the_pool_broke_and_then_why_there_are_no_more() {
    let _limit = limit();
    let starts = Tally::default();
    let breaking = ThreadPoolExecutor::builder().max_workers(2).initializer(move || {
        starts.add();
        assert!(starts.count() == 1, "no database");
    });
    let (pool, (gates, function)) = (breaking.build().unwrap(), gated(1));
    let ((items, taken), drops) = (counted(100), Drops::default());
    let captured = drops.one();
    let mut results = pool.map_buffered(items, 1, move |n| (size_of_val(&captured), function(n)).1);
    gates[0].wait_for(1);
    assert!(pool.submit(|| ()).into_result().is_err());
    gates[0].open();
    assert_eq!(results.next().unwrap().unwrap(), 0);
    let error = results.next().unwrap().unwrap_err();
    let TaskError::Cancelled(CancelReason::PoolBroke(broken)) = error else { panic!("{error}") };
    assert_eq!(broken.message(), "no database");
    assert!((0..3).all(|_| results.next().is_none()));
    assert!(taken.count() <= 2);
    drop((results, pool));
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_panic_of_the_items_comes_out_in_its_turn_after_all_before_it() {
    let _limit = limit();
    for (bad, size) in [(0, 1), (0, 4), (3, 1), (3, 2), (3, 3), (3, 4), (3, 9)] {
        let (pool, (items, asked)) = (pool(2), panicking_at(bad));
        // The panic does not come out of the call, even if it happens there.
        let mut results = pool.map_buffered(items, size, |n| n);
        for n in 0..bad {
            assert_eq!(results.next().unwrap().unwrap(), n);
        }
        assert_eq!(panic_of(|| results.next()), format!("no item {bad}"));
        assert!((0..3).all(|_| results.next().is_none()));
        assert_eq!((asked.count(), pool.stats().submitted), (bad + 1, bad as u64));
    }
}

#[test]
fn a_panic_of_the_items_waits_for_the_slowest_item_before_it() {
    let _limit = limit();
    for in_order in [true, false] {
        let (log, (gates, function)) = (Log::default(), gated(1));
        let pool = observed(3, &log);
        let mut results = pool.map_buffered(panicking_at(3).0, 9, function);
        if !in_order {
            results = results.unordered();
            let mut others = [results.next().unwrap().unwrap(), results.next().unwrap().unwrap()];
            others.sort_unstable();
            assert_eq!(others, [1, 2]);
        }
        let before = log.sleeps();
        thread::scope(|threads| {
            let reading = threads.spawn(|| results.next().unwrap().unwrap());
            log.wait_for_sleeps(before + 1);
            gates[0].open();
            assert_eq!(reading.join().unwrap(), 0);
        });
        let left = if in_order { 2 } else { 0 };
        assert_eq!(results.by_ref().take(left).flatten().count(), left);
        assert_eq!(panic_of(|| results.next()), "no item 3");
        assert!(results.next().is_none());
    }
}

#[test]
fn a_panic_of_the_items_keeps_its_payload_and_no_timeout_holds_it_back() {
    let _limit = limit();
    let pool = pool(1);
    let items = (0..).inspect(|n| {
        if *n == 1 {
            panic_any(418_u16);
        }
    });
    let mut timed = pool.map_buffered(items, 2, |n: u32| n).timeout(LONG);
    assert_eq!(timed.next().unwrap().unwrap().unwrap(), 0);
    let payload = catch_unwind(AssertUnwindSafe(|| timed.next().is_some())).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&418_u16));
    assert!(timed.next().is_none() && timed.next().is_none());
}

#[test]
fn a_map_that_is_dropped_before_the_panic_of_its_items_panics_nowhere() {
    let _limit = limit();
    let ((pool, gate), drops) = (held_pool(), Drops::default());
    let captured = drops.one();
    let results = pool.map_buffered(panicking_at(2).0, 5, move |n| n + size_of_val(&captured));
    drop(results);
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!((drops.count(), pool.stats().cancelled), (1, 2));
}
