//! MAP: what may come between a map that reads ahead and its items: a full queue, a closing, a
//! break, a panic, its own end.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{CancelReason, Future, Shutdown, TaskError, ThreadPoolExecutor, task};

use crate::common::{counted, gated, held_with_room_for};
use crate::support::{
    Drops, Gate, LONG, Tally, eventually, held_pool, let_others_block, panic_of, pool, within,
    words,
};

const BY_SHUTDOWN: &str = "task cancelled by the shutdown of its pool";

/// Fills the queue, and keeps the futures of what it is full of.
fn fill(pool: &ThreadPoolExecutor) -> Vec<Future<()>> {
    std::iter::from_fn(|| pool.try_submit(|| ()).ok()).collect()
}

/// Items that count up to this one, in whose place they panic; and how often they were asked.
fn panicking_at(bad: usize) -> (impl Iterator<Item = usize>, Tally) {
    let asked = Tally::default();
    let asks = asked.clone();
    let items = (0..).inspect(move |n| {
        asks.add();
        assert!(*n != bad, "no item {n}");
    });
    (items, asked)
}

#[test]
fn que_02_a_map_that_reads_ahead_waits_for_room_at_the_call() {
    within(|| {
        let (pool, gate) = held_with_room_for(1);
        let (tell, told) = mpsc::channel();
        thread::scope(|threads| {
            let filling = fill(&pool);
            let calling = threads.spawn(|| {
                let results = pool.map_buffered(0..20, 4, |n| n);
                tell.send(()).unwrap();
                results.map(Result::unwrap).collect::<Vec<_>>()
            });
            let_others_block();
            // There is no room for the first; the others do not wait at the call.
            assert!(told.try_recv().is_err() && pool.stats().queued <= 1);
            gate.open();
            assert!(calling.join().unwrap().into_iter().eq(0..20));
            drop(filling);
        });
    });
}

#[test]
fn que_02_a_result_that_is_ready_is_never_held_back_for_want_of_room() {
    within(|| {
        for in_order in [true, false] {
            let pool =
                ThreadPoolExecutor::builder().max_workers(1).queue_capacity(2).build().unwrap();
            let ((gates, function), (items, taken)) = (gated(4), counted(6));
            let mut results = pool.map_buffered(items, 2, function);
            if !in_order {
                results = results.unordered();
            }
            gates[0].open();
            gates[1].wait_for(1);
            let filling = fill(&pool);
            assert_eq!((filling.len(), taken.count()), (2, 2));
            // The queue is full, and stays so for as long as the only worker stands at its gate.
            assert_eq!(results.next().unwrap().unwrap(), 0);
            assert_eq!((taken.count(), pool.stats().submitted, pool.stats().queued), (3, 4, 2));
            gates[1].open();
            assert!(filling.into_iter().all(|future| future.into_result().is_ok()));
            assert_eq!(results.next().unwrap().unwrap(), 1);
            // What had found no room is counted in flight, so this is two again.
            assert_eq!(taken.count(), 4);
            gates[2].wait_for(1);
            drop(gates);
            assert!(results.by_ref().map(Result::unwrap).eq(2..6));
            assert!(results.next().is_none());
        }
    });
}

/// Nor is the next one, while the item that took its place still waits for room.
#[test]
fn que_02_nor_is_the_one_behind_it() {
    within(|| {
        for in_order in [true, false] {
            let pool =
                ThreadPoolExecutor::builder().max_workers(1).queue_capacity(3).build().unwrap();
            let (gate, (items, taken)) = (Gate::closed(), counted(6));
            let mut results = pool.map_buffered(items, 3, |n| n);
            if !in_order {
                results = results.unordered();
            }
            eventually(|| results.to_string().ends_with(": 3 finished>"));
            let blocking = pool.submit(gate.then(|| ()));
            gate.wait_for(1);
            // All three are ready, and from here to the end of the loop there is no room.
            let filling = fill(&pool);
            for n in 0..3 {
                assert_eq!((results.next().unwrap().unwrap(), taken.count()), (n, n + 4));
                assert_eq!(pool.stats().queued, 3);
            }
            gate.open();
            assert!(results.map(Result::unwrap).eq(3..6));
            drop((blocking, filling));
        }
    });
}

/// Though the call waits for room before it returns.
#[test]
fn map_04_the_time_counts_from_the_beginning_of_the_call() {
    within(|| {
        let call = || {
            let (pool, gate) = held_with_room_for(1);
            let ((gates, function), (items, taken)) = (gated(1), counted(9));
            let results = thread::scope(|threads| {
                let calling = threads.spawn(|| pool.map_buffered(items, 2, function));
                eventually(|| taken.count() > 0);
                let (_never_run, pending) = task(|| ());
                assert!(pending.result_timeout(Duration::from_millis(30)).is_err());
                gate.open();
                calling.join().unwrap()
            });
            (pool, gates, results)
        };
        let best = (0..5).map(|_| {
            let (_pool, _gates, results) = call();
            let asked = Instant::now();
            assert!(results.timeout(Duration::from_millis(30)).next().unwrap().is_err());
            asked.elapsed()
        });
        let best = best.min().unwrap();
        assert!(best < Duration::from_millis(30), "{best:?}");
    });
}

#[test]
fn que_02_whoever_asks_for_what_found_no_room_waits_for_that() {
    within(|| {
        for in_order in [true, false] {
            let (pool, gate) = (held_with_room_for(1).0, Gate::closed());
            let mut results = pool.map_buffered(0..3, 1, |n| n);
            if !in_order {
                results = results.unordered();
            }
            assert_eq!(results.next().unwrap().unwrap(), 0);
            drop(pool.submit(gate.then(|| ())));
            gate.wait_for(1);
            // It is, or will be, the turn of the item that is in the queue, or that did not get
            // there.
            let filling = fill(&pool);
            thread::scope(|threads| {
                let reading = threads.spawn(|| (results.next(), results.next(), results.next()));
                let_others_block();
                gate.open();
                let (one, two, end) = reading.join().unwrap();
                assert_eq!(
                    (one.unwrap().unwrap(), two.unwrap().unwrap(), end.is_none()),
                    (1, 2, true)
                );
            });
            drop(filling);
        }
    });
}

/// The only worker never gets away from its gate; the room comes of cancelling.
#[test]
fn que_02_room_that_a_cancel_makes_is_taken_too_and_nothing_is_taken_for_it_twice() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(2).queue_capacity(1).build().unwrap();
        let (gate, worker) = (Gate::closed(), Gate::closed());
        let mut results = pool.map_buffered(0..4, 1, |n| n);
        drop(pool.submit(gate.then(|| ())));
        gate.wait_for(1);
        let busy = pool.submit(worker.then(|| ()));
        worker.wait_for(1);
        let filling = fill(&pool);
        assert_eq!((filling.len(), results.next().unwrap().unwrap()), (1, 0));
        thread::scope(|threads| {
            let reading = threads.spawn(|| results.map(Result::unwrap).collect::<Vec<_>>());
            let_others_block();
            assert!(filling[0].cancel());
            worker.open();
            assert_eq!(reading.join().unwrap(), [1, 2, 3]);
        });
        busy.result().unwrap();
    });
}

#[test]
fn que_02_what_waits_for_room_in_vain_times_out() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
        let ((gates, function), (items, taken)) = (gated(2), counted(9));
        let results = pool.map_buffered(items, 1, function);
        let gate = Gate::closed();
        gates[0].wait_for(1);
        let next = pool.submit(gate.then(|| ()));
        gates[0].open();
        gate.wait_for(1);
        let _filling = fill(&pool);
        let mut timed = results.timeout(Duration::from_millis(20));
        assert_eq!(timed.next().unwrap().unwrap().unwrap(), 0);
        assert_eq!(timed.next().unwrap().unwrap_err().to_string(), "1 (of 2) futures unfinished");
        assert!(timed.next().is_none());
        assert_eq!(taken.count(), 2);
        gate.open();
        next.result().unwrap();
    });
}

#[test]
fn que_02_what_waits_for_room_when_the_pool_is_closed_is_refused_in_its_turn() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
        let (gates, function) = gated(1);
        let mut results = pool.map_buffered(0..9, 1, function);
        let gate = Gate::closed();
        gates[0].wait_for(1);
        let next = pool.submit(gate.then(|| ()));
        gates[0].open();
        gate.wait_for(1);
        let _filling = fill(&pool);
        assert_eq!(results.next().unwrap().unwrap(), 0);
        thread::scope(|threads| {
            let reading =
                threads.spawn(|| (words(results.next().unwrap()), results.next().is_none()));
            let_others_block();
            pool.close(Shutdown::Drain);
            assert_eq!(reading.join().unwrap(), (BY_SHUTDOWN.to_owned(), true));
        });
        gate.open();
        next.result().unwrap();
    });
}

#[test]
fn shd_24_after_a_closing_what_is_in_flight_comes_and_then_why_there_is_no_more() {
    within(|| {
        for (size, read, in_order) in
            [(1, 0, true), (2, 1, true), (5, 3, true), (1, 1, false), (2, 0, false)]
        {
            let (pool, (items, taken)) = (pool(2), counted(100));
            let mut results = pool.map_buffered(items, size, |n| n);
            if !in_order {
                results = results.unordered();
            }
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
    });
}

/// What the closing has cancelled comes in its turn, as does the item that was refused; nothing
/// else is cut off.
#[test]
fn shd_03_a_cancelling_close_is_told_of_each_item_in_flight() {
    within(|| {
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
    });
}

#[test]
fn shd_24_if_all_items_had_been_taken_before_the_closing_there_is_nothing_to_complain_about() {
    within(|| {
        for in_order in [true, false] {
            let ((pool, gate), (items, taken)) = (held_pool(), counted(3));
            let mut results = pool.map_buffered(items, 4, |n| n);
            if !in_order {
                results = results.unordered();
            }
            assert_eq!(taken.count(), 3);
            pool.close(Shutdown::Drain);
            gate.open();
            assert!(results.by_ref().map(Result::unwrap).eq(0..3));
            assert!(results.next().is_none());
        }
    });
}

/// Its second worker breaks it, while the first is busy with an item.
#[test]
fn ini_03_when_the_pool_breaks_what_is_in_flight_comes_and_then_why_there_is_no_more() {
    within(|| {
        let starts = Tally::default();
        let breaking = ThreadPoolExecutor::builder().max_workers(2).initializer(move || {
            starts.add();
            assert!(starts.count() == 1, "no database");
        });
        let (pool, (gates, function)) = (breaking.build().unwrap(), gated(1));
        let ((items, taken), drops) = (counted(100), Drops::default());
        let captured = drops.one();
        let mut results =
            pool.map_buffered(items, 1, move |n| (size_of_val(&captured), function(n)).1);
        gates[0].wait_for(1);
        assert!(pool.submit(|| ()).into_result().is_err());
        gates[0].open();
        assert_eq!(results.next().unwrap().unwrap(), 0);
        let error = results.next().unwrap().unwrap_err();
        let TaskError::Cancelled(CancelReason::PoolBroke(broken)) = error else {
            panic!("{error}")
        };
        assert_eq!(broken.message(), "no database");
        assert!((0..3).all(|_| results.next().is_none()));
        assert!(taken.count() <= 2);
        drop((results, pool));
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn pan_01_a_panic_of_the_items_comes_out_in_its_turn_after_all_before_it() {
    within(|| {
        for (bad, size) in [(0, 1), (0, 4), (3, 1), (3, 2), (3, 3), (3, 4), (3, 9)] {
            let (pool, (items, asked)) = (pool(2), panicking_at(bad));
            // Whether it panics at the call or later, the call is not where it comes out.
            let mut results = pool.map_buffered(items, size, |n| n);
            for n in 0..bad {
                assert_eq!(results.next().unwrap().unwrap(), n);
            }
            assert_eq!(panic_of(|| results.next()), format!("no item {bad}"));
            assert!((0..3).all(|_| results.next().is_none()));
            assert_eq!((asked.count(), pool.stats().submitted), (bad + 1, bad as u64));
        }
    });
}

#[test]
fn pan_01_so_it_does_though_the_first_of_them_is_the_slowest() {
    within(|| {
        for in_order in [true, false] {
            let (pool, (gates, function)) = (pool(3), gated(1));
            let mut results = pool.map_buffered(panicking_at(3).0, 9, function);
            if !in_order {
                results = results.unordered();
                let mut others =
                    [results.next().unwrap().unwrap(), results.next().unwrap().unwrap()];
                others.sort_unstable();
                assert_eq!(others, [1, 2]);
            }
            thread::scope(|threads| {
                let reading = threads.spawn(|| results.next().unwrap().unwrap());
                let_others_block();
                gates[0].open();
                assert_eq!(reading.join().unwrap(), 0);
            });
            let left = if in_order { 2 } else { 0 };
            assert_eq!(results.by_ref().take(left).flatten().count(), left);
            assert_eq!(panic_of(|| results.next()), "no item 3");
            assert!(results.next().is_none());
        }
    });
}

#[test]
fn pan_01_it_is_the_original_panic_and_a_timeout_does_not_keep_it_back() {
    within(|| {
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
    });
}

#[test]
fn pan_01_a_map_that_is_dropped_before_that_turn_panics_nowhere() {
    within(|| {
        let ((pool, gate), drops) = (held_pool(), Drops::default());
        let captured = drops.one();
        let results = pool.map_buffered(panicking_at(2).0, 5, move |n| n + size_of_val(&captured));
        drop(results);
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!((drops.count(), pool.stats().cancelled), (1, 2));
    });
}

#[test]
fn map_06_dropping_it_cancels_what_has_not_begun_and_what_runs_goes_on() {
    within(|| {
        for read in [0, 1, 3] {
            let (pool, (gates, function), runs) = (pool(1), gated(read + 1), Tally::default());
            let ((items, taken), ran) = (counted(100), runs.clone());
            let mut results = pool.map_buffered(items, 5, move |n| {
                let n = function(n);
                ran.add();
                n
            });
            for (n, gate) in gates[..read].iter().enumerate() {
                gate.open();
                assert_eq!(results.next().unwrap().unwrap(), n);
            }
            gates[read].wait_for(1);
            drop(results);
            assert_eq!((taken.count(), pool.stats().queued), (5 + read, 0));
            gates[read].open();
            pool.shutdown(Shutdown::Drain).unwrap();
            assert_eq!(runs.count(), read + 1);
            assert_eq!(pool.stats().cancelled, 4);
        }
    });
}

#[test]
fn map_06_all_that_it_held_is_dropped_with_it() {
    within(|| {
        let ((pool, gate), drops) = (held_pool(), Drops::default());
        let (items, captured): (Vec<_>, _) = ((0..10).map(|_| drops.one()).collect(), drops.one());
        let results = pool.map_buffered(items, 4, move |item| _ = (&captured, item));
        assert_eq!(drops.count(), 0);
        // On another thread, for once.
        thread::spawn(move || drop(results)).join().unwrap();
        gate.open();
        drop(pool);
        assert_eq!(drops.count(), 11);
    });
}
