//! Buffered maps over a bounded queue: an item may wait for room, and no result waits with it.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use glasspool::{EventKind, Shutdown, ThreadPoolExecutor};

use crate::support::{
    Gate, counted, eventually, fill, gated, hold, limit, ordered, panic_of, words,
};
use crate::told::{Log, heard_and_bounded, heard_and_full};

fn bounded(capacity: usize) -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder().max_workers(1).queue_capacity(capacity).build().unwrap()
}

#[test]
fn the_call_waits_for_room_for_the_first_item_and_no_other() {
    let _limit = limit();
    let (pool, gate, pending, log) = heard_and_full(1);
    let (tell, told) = mpsc::channel();
    thread::scope(|threads| {
        let calling = threads.spawn(|| {
            let results = pool.map_buffered(0..20, 4, |n| n);
            tell.send(()).unwrap();
            results.map(Result::unwrap).collect::<Vec<_>>()
        });
        log.wait_for_sleeps(1);
        assert!(told.try_recv().is_err());
        assert!(pending[0].cancel());
        told.recv().unwrap(); // with room for one, and while the only worker is held
        assert_eq!(pool.stats().queued, 1);
        gate.open();
        assert!(calling.join().unwrap().into_iter().eq(0..20));
    });
}

#[test]
fn a_ready_result_is_not_held_back_for_want_of_room() {
    let _limit = limit();
    for in_order in [true, false] {
        let pool = bounded(2);
        let ((gates, function), (items, taken)) = (gated(4), counted(6));
        let mut results = ordered(pool.map_buffered(items, 2, function), in_order);
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
        // The item that had found no room is counted in flight, so these are two again.
        assert_eq!(taken.count(), 4);
        gates[2].wait_for(1);
        drop(gates);
        assert!(results.by_ref().map(Result::unwrap).eq(2..6));
        assert!(results.next().is_none());
    }
}

/// While the item that took the place of the first still waits for room.
#[test]
fn a_second_ready_result_is_not_held_back_either() {
    let _limit = limit();
    for in_order in [true, false] {
        let pool = bounded(3);
        let (items, taken) = counted(6);
        let mut results = ordered(pool.map_buffered(items, 3, |n| n), in_order);
        eventually(|| results.to_string().ends_with(": 3 finished>"));
        let gate = hold(&pool);
        // All three are ready, and from here to the end of the loop there is no room.
        let filling = fill(&pool);
        for n in 0..3 {
            assert_eq!((results.next().unwrap().unwrap(), taken.count()), (n, n + 4));
            assert_eq!(pool.stats().queued, 3);
        }
        gate.open();
        assert!(results.map(Result::unwrap).eq(3..6));
        drop(filling);
    }
}

#[test]
fn the_only_item_in_flight_may_have_to_wait_for_room() {
    let _limit = limit();
    for in_order in [true, false] {
        let (pool, log) = heard_and_bounded(1, 1);
        let mut results = ordered(pool.map_buffered(0..3, 1, |n| n), in_order);
        eventually(|| results.to_string().ends_with(": 1 finished>"));
        let gate = hold(&pool);
        let _filling = fill(&pool);
        assert_eq!(results.next().unwrap().unwrap(), 0);
        let before = log.sleeps();
        thread::scope(|threads| {
            let reading = threads.spawn(|| results.map(Result::unwrap).collect::<Vec<_>>());
            log.wait_for_sleeps(before + 1);
            assert!(!reading.is_finished());
            gate.open();
            assert_eq!(reading.join().unwrap(), [1, 2]);
        });
    }
}

/// The reader waits for room or a result: here room comes, and the result is not there.
#[test]
fn a_reader_that_waits_for_a_result_is_woken_by_room() {
    let _limit = limit();
    for in_order in [true, false] {
        let (pool, log) = heard_and_bounded(1, 1);
        let (gates, function) = gated(2);
        let mut results = ordered(pool.map_buffered(0..9, 2, function), in_order);
        gates[0].open();
        gates[1].wait_for(1);
        let filling = fill(&pool);
        assert_eq!(results.next().unwrap().unwrap(), 0); // and item 2 finds no room
        let (submitted, before) = (submits(&log), log.sleeps());
        thread::scope(|threads| {
            let reading = threads.spawn(|| results.map(Result::unwrap).collect::<Vec<_>>());
            log.wait_for_sleeps(before + 1);
            assert!(filling[0].cancel());
            // Item 2 takes the room, while item 1 is held, and with it the only worker.
            eventually(|| pool.stats().queued == 1);
            assert!(submits(&log) <= submitted + 1 && !reading.is_finished());
            gates[1].open();
            assert!(reading.join().unwrap().into_iter().eq(1..9));
        });
    }
}

fn submits(log: &Log) -> usize {
    log.count_of(&EventKind::Submitted)
}

/// Here the result comes, and no room before it has been read: another submitter is first in line.
#[test]
fn a_reader_that_waits_for_room_is_woken_by_a_result() {
    let _limit = limit();
    for in_order in [true, false] {
        let (pool, log) = heard_and_bounded(1, 1);
        let (gates, function) = gated(2);
        let mut results = ordered(pool.map_buffered(0..9, 2, function), in_order);
        gates[0].open();
        gates[1].wait_for(1);
        let read = Gate::closed();
        let until_read = pool.submit(read.then(|| ()));
        thread::scope(|threads| {
            let before = log.sleeps();
            let other = threads.spawn(|| pool.submit(|| ()).into_result());
            log.wait_for_sleeps(before + 1);
            assert_eq!(results.next().unwrap().unwrap(), 0); // and item 2 finds no room
            let before = log.sleeps();
            let reading = threads.spawn(|| (results.next().unwrap().unwrap(), results));
            log.wait_for_sleeps(before + 1);
            gates[1].open();
            let (first, results) = reading.join().unwrap();
            assert_eq!(first, 1);
            read.open();
            assert!(results.map(Result::unwrap).eq(2..9));
            assert!(other.join().unwrap().is_ok() && until_read.into_result().is_ok());
        });
    }
}

/// One worker does not get away from its gate before the end.
#[test]
fn room_of_a_cancelled_task_is_taken_once() {
    let _limit = limit();
    let (pool, log) = heard_and_bounded(2, 1);
    let (gate, worker) = (Gate::closed(), Gate::closed());
    let mut results = pool.map_buffered(0..4, 1, |n| n);
    drop(pool.submit(gate.then(|| ())));
    gate.wait_for(1);
    let busy = pool.submit(worker.then(|| ()));
    worker.wait_for(1);
    let filling = fill(&pool);
    assert_eq!((filling.len(), results.next().unwrap().unwrap()), (1, 0));
    let before = log.sleeps();
    thread::scope(|threads| {
        let reading = threads.spawn(|| results.map(Result::unwrap).collect::<Vec<_>>());
        log.wait_for_sleeps(before + 1);
        assert!(filling[0].cancel());
        worker.open();
        assert_eq!(reading.join().unwrap(), [1, 2, 3]);
    });
    busy.result().unwrap();
}

/// While an item runs, and another waits for room.
#[test]
fn a_bounded_queue_without_room_does_not_outlast_the_time() {
    let _limit = limit();
    let pool = bounded(1);
    let gate = Gate::closed();
    let way = gate.way();
    let results = pool.map_buffered(0.., 2, move |n| {
        if n == 1 {
            way.pass();
        }
        n
    });
    let mut results = results.timeout(Duration::from_millis(20));
    gate.wait_for(1);
    let other = pool.submit(|| ());
    assert_eq!(results.next().unwrap().unwrap().unwrap(), 0);
    assert_eq!(results.next().unwrap().unwrap_err().to_string(), "2 (of 3) futures unfinished");
    assert_eq!(pool.stats().queued, 1); // the other, and none of the map
    gate.open();
    assert!(other.into_result().is_ok());
}

/// While no other is in flight.
#[test]
fn an_item_that_waits_for_room_in_vain_times_out() {
    let _limit = limit();
    let pool = bounded(1);
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
}

#[test]
fn an_item_that_waits_for_room_when_the_pool_is_closed_is_refused_in_its_turn() {
    let _limit = limit();
    let (pool, log) = heard_and_bounded(1, 1);
    let (gates, function) = gated(1);
    let mut results = pool.map_buffered(0..9, 1, function);
    let gate = Gate::closed();
    gates[0].wait_for(1);
    let next = pool.submit(gate.then(|| ()));
    gates[0].open();
    gate.wait_for(1);
    let _filling = fill(&pool);
    assert_eq!(results.next().unwrap().unwrap(), 0);
    let before = log.sleeps();
    let by_shutdown = "task cancelled by the shutdown of its pool";
    thread::scope(|threads| {
        let reading = threads.spawn(|| (words(results.next().unwrap()), results.next().is_none()));
        log.wait_for_sleeps(before + 1);
        pool.close(Shutdown::Drain);
        assert_eq!(reading.join().unwrap(), (by_shutdown.to_owned(), true));
    });
    gate.open();
    next.result().unwrap();
}

/// It is up when the call returns, so the reader does not go to sleep.
#[test]
fn the_time_counts_from_the_beginning_of_a_call_that_waits_for_room() {
    const TIME: Duration = Duration::from_millis(5);
    let _limit = limit();
    let (pool, gate, _pending, log) = heard_and_full(1);
    let (gates, function) = gated(1);
    let results = thread::scope(|threads| {
        let calling = threads.spawn(|| pool.map_buffered(0..9, 2, function));
        log.wait_for_sleeps(1);
        thread::sleep(TIME); // for the time to pass
        gate.open();
        calling.join().unwrap()
    });
    assert!(results.timeout(TIME).next().unwrap().is_err());
    assert_eq!(log.my_sleeps(), [""; 0]);
    drop(gates);
}

#[test]
fn an_item_that_waits_for_room_when_the_items_iterator_panics_still_runs() {
    let _limit = limit();
    let pool = bounded(1);
    let gate = hold(&pool);
    let items = (0..).inspect(|&n| assert!(n < 3, "no more items"));
    let mut results = pool.map_buffered(items, 5, |n| n);
    assert_eq!(pool.stats().queued, 1);
    gate.open();
    assert!(results.by_ref().take(3).map(Result::unwrap).eq(0..3));
    assert_eq!(panic_of(|| results.next()), "no more items");
}
