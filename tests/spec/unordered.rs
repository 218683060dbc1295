//! Maps whose results come as they end, and not in the order of the items.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;
use std::{fmt, iter};

use glasspool::{
    Executor, Inline, Map, Shutdown, TaskError, ThreadPoolExecutor, scope, unobserved_panics,
};

use crate::support::{
    Drops, Gate, LONG, Tally, counted, eventually, gated, held_pool, limit, pool, words,
};
use crate::told::{assert_it_counts_from_the_call, heard, heard_and_held};

/// Of a map and of a buffered map.
#[test]
fn each_result_comes_once_whatever_the_item_came_to() {
    let _limit = limit();
    let function = |n: u32| {
        assert!(n % 10 != 3, "no {n}");
        n
    };
    let expected =
        |n: u32| if n % 10 == 3 { format!("task panicked: no {n}") } else { n.to_string() };
    let expected: BTreeSet<_> = (0..5000).map(expected).collect();
    for workers in [1, 3] {
        let pool = pool(workers);
        let told: Vec<_> = pool.map(0..5000, function).unordered().map(words).collect();
        let results = pool.map_buffered(0..5000, 7, function).unordered();
        let buffered: Vec<_> = results.map(words).collect();
        for told in [told, buffered] {
            assert_eq!(told.len(), 5000);
            assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), expected);
        }
    }
}

/// A reader that sleeps is woken by each. Of the buffered map, the fourth item has no gate,
/// so it overtakes the two that are left.
#[test]
fn a_result_comes_as_soon_as_its_item_ends() {
    type Results = Box<dyn Iterator<Item = Result<usize, TaskError>> + Send>;
    type Make = fn(&ThreadPoolExecutor, Box<dyn Fn(usize) -> usize + Send + Sync>) -> Results;
    let maps: [(Make, &[usize]); 2] = [
        (|pool, function| Box::new(pool.map(0..3, function).unordered()), &[2, 0, 1]),
        (|pool, it| Box::new(pool.map_buffered(0..4, 3, it).unordered()), &[2, 3, 0, 1]),
    ];
    let _limit = limit();
    for (make, order) in maps {
        let ((pool, log), (gates, function)) = (heard(3), gated(3));
        let mut results = make(&pool, Box::new(function));
        for (n, &expected) in order.iter().enumerate() {
            let left = order.len() - n;
            assert_eq!(results.size_hint(), (left.min(3), Some(left)), "three are in flight");
            thread::scope(|threads| {
                let reading = threads.spawn(|| results.next());
                if let Some(gate) = gates.get(expected) {
                    log.wait_for_asleep(1);
                    gate.open();
                }
                assert_eq!(reading.join().unwrap().unwrap().unwrap(), expected);
            });
        }
        assert!((0..3).all(|_| results.next().is_none()));
    }
}

/// It keeps its own place in flight, and no other.
#[test]
fn a_slow_item_does_not_hold_up_the_fast_ones() {
    let _limit = limit();
    let (pool, (gates, function), (items, taken)) = (pool(2), gated(1), counted(1000));
    let mut results = pool.map_buffered(items, 2, function).unordered();
    for n in 1..=100 {
        assert_eq!(results.next().unwrap().unwrap(), n);
        assert_eq!(taken.count(), n + 2);
    }
    gates[0].open();
    let rest: BTreeSet<_> = results.map(Result::unwrap).collect();
    assert!(rest.contains(&0) && rest.len() == 900);
}

/// In whatever order those have ended.
#[test]
fn results_that_are_there_already_come_first_in_the_order_of_the_items() {
    let _limit = limit();
    let (pool, (gates, function)) = (pool(4), gated(4));
    let mut results = pool.map(0..4, function);
    for gate in &gates {
        gate.wait_for(1);
    }
    for (ends, n) in [3, 0, 2].into_iter().enumerate() {
        gates[n].open();
        eventually(|| results.to_string().contains(&format!("{} finished", ends + 1)));
    }
    results = results.unordered();
    assert!(results.by_ref().take(3).map(Result::unwrap).eq([0, 2, 3]));
    gates[1].open();
    assert!(results.map(Result::unwrap).eq([1]));
}

#[test]
fn a_map_may_be_made_unordered_on_the_way_and_again() {
    let _limit = limit();
    let (pool, (gates, function)) = (pool(2), gated(3));
    gates[0].open();
    gates[1].open();
    let mut results = pool.map(0..6, function);
    assert_eq!(results.next().unwrap().unwrap(), 0);
    results = results.unordered();
    let mut values: Vec<_> = results.by_ref().take(2).map(Result::unwrap).collect();
    results = results.unordered().unordered();
    values.extend(results.by_ref().take(2).map(Result::unwrap));
    values.sort_unstable();
    assert_eq!((values, results.len()), (vec![1, 3, 4, 5], 1));
    gates[2].open();
    assert!(results.map(Result::unwrap).eq([2]));
}

#[test]
fn results_without_a_pool_come_in_the_order_of_the_items() {
    let _limit = limit();
    let executor: &dyn Executor = &Inline;
    let mut results = executor.map(0..5, |n| n);
    assert_eq!(results.next().unwrap().unwrap(), 0);
    assert!(results.unordered().map(Result::unwrap).eq(1..5));
    let mut results = executor.map_buffered(0..5, 3, |n| n);
    assert_eq!(results.next().unwrap().unwrap(), 0);
    assert!(results.unordered().unordered().map(Result::unwrap).eq(1..5));
}

/// Whoever asks when the time has passed does not sleep.
#[test]
fn the_time_of_an_unordered_map_counts_from_the_call_and_ready_results_come_all_the_same() {
    let _limit = limit();
    let (pool, (gates, function)) = (pool(2), gated(1));
    let mut results = pool.map(0..6, function).unordered().timeout(Duration::ZERO);
    let mut values = BTreeSet::new();
    let timed_out = loop {
        match results.next().unwrap() {
            Ok(result) => assert!(values.insert(result.unwrap())),
            Err(timed_out) => break timed_out,
        }
    };
    assert!(!values.contains(&0));
    // Between the last look for a result and the count, other items may have ended.
    let says =
        |unfinished| timed_out.to_string() == format!("{unfinished} (of 6) futures unfinished");
    assert!((1..=6 - values.len()).any(says), "{timed_out}, and {} are here", values.len());
    assert!((0..3).all(|_| results.next().is_none()));
    gates[0].open();

    let (held, gate, log) = heard_and_held();
    assert_it_counts_from_the_call(
        &log,
        || held.map(0..3, |n| n).unordered(),
        |results, time| results.timeout(time).next().unwrap().is_err(),
    );
    gate.open();

    let results = pool.map(0..100, |n| n).unordered().timeout(LONG);
    assert_eq!(results.map(|result| result.unwrap().unwrap()).sum::<u32>(), (0..100).sum());
}

#[test]
fn the_items_that_have_not_begun_when_the_time_is_up_are_cancelled() {
    let _limit = limit();
    let ((pool, gate), runs) = (held_pool(), Tally::default());
    let (ran, timeout) = (runs.clone(), Duration::from_millis(2));
    let function = move |_: u32| ran.add();
    let mut results = pool.map(0..3, function.clone()).unordered().timeout(timeout);
    let mut buffered = pool.map_buffered(0.., 3, function).unordered().timeout(timeout);
    for late in [results.next(), buffered.next()] {
        assert_eq!(late.unwrap().unwrap_err().to_string(), "3 (of 3) futures unfinished");
    }
    assert!(results.next().is_none() && buffered.next().is_none());
    assert_eq!(pool.stats().queued, 0);
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(runs.count(), 0);
}

/// What runs goes on.
#[test]
fn an_unordered_map_that_is_dropped_cancels_the_rest_and_drops_the_unread_values() {
    let _limit = limit();
    let (pool, drops, calls, gate) = (pool(1), Drops::default(), Tally::default(), Gate::closed());
    let (make, count, way) = (drops.clone(), calls.clone(), gate.way());
    let mut results = pool
        .map(0..6, move |n| {
            count.add();
            if n == 3 {
                way.pass();
            }
            make.one()
        })
        .unordered();
    gate.wait_for(1);
    drop(results.next());
    drop(results);
    assert_eq!(drops.count(), 3);
    gate.open();
    drop(pool);
    assert_eq!((calls.count(), drops.count()), (4, 4));
}

#[test]
fn an_unordered_map_without_items_ends_at_once() {
    let _limit = limit();
    let pool = pool(2);
    assert!(pool.map(0..0, |n| n).unordered().next().is_none());
    assert!(pool.map(0..0, |n| n).unordered().timeout(LONG).next().is_none());
    assert!((0..3).all(|_| pool.map(0..1, |n| n).unordered().nth(1).is_none()));
}

/// Whether its reader sleeps when that happens or asks later.
#[test]
fn an_unordered_map_hands_over_the_items_that_a_shutdown_cancels() {
    fn all<T: fmt::Debug>(results: impl Iterator<Item = Result<T, TaskError>>) -> Vec<String> {
        results.map(words).collect()
    }
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    let maps = [(); 2].map(|()| pool.map(0..3, |n| n).unordered());
    let buffered = [(); 2].map(|()| pool.map_buffered(0..3, 3, |n| n).unordered());
    let ([plain, later], [ahead, later_ahead]) = (maps, buffered);
    let told = thread::scope(|threads| {
        let reading = [threads.spawn(|| all(plain)), threads.spawn(|| all(ahead))];
        log.wait_for_asleep(2);
        pool.close(Shutdown::CancelPending);
        reading.map(|thread| thread.join().unwrap())
    });
    for told in told.into_iter().chain([all(later), all(later_ahead)]) {
        assert_eq!(told, ["task cancelled by the shutdown of its pool"; 3]);
    }
    gate.open();
}

/// Its own listening is no looking.
#[test]
fn panics_of_items_that_were_never_handed_over_are_heard_of() {
    let _limit = limit();
    let (pool, before) = (pool(1), unobserved_panics());
    let map: Map<()> = pool.map(0..3, |_| panic!("unseen in an unordered map")).unordered();
    let buffered =
        pool.map_buffered(0..3, 3, |_| -> u8 { panic!("unseen in a buffered map") }).unordered();
    pool.shutdown(Shutdown::Drain).unwrap();
    drop((map, buffered));
    eventually(|| unobserved_panics() >= before + 6);
}

/// A map that its own function reads.
fn reads_itself(
    pool: &ThreadPoolExecutor,
    read: impl Fn(Map<()>) + Send + Sync + 'static,
) -> mpsc::Sender<Map<()>> {
    let (give, take) = mpsc::channel::<Map<()>>();
    let take = Mutex::new(take);
    let results = pool.map(iter::once(()), move |()| read(take.lock().unwrap().recv().unwrap()));
    give.send(results.unordered()).unwrap();
    give
}

#[test]
fn an_unordered_map_that_its_own_function_reads_is_told_so() {
    let _limit = limit();
    let pool = pool(1);
    let (tell, told) = mpsc::channel();
    let _open = reads_itself(&pool, move |mut myself| {
        tell.send((myself.next().unwrap(), myself.next().is_none())).unwrap();
    });
    assert!(matches!(told.recv().unwrap(), (Err(TaskError::Deadlock(_)), true)));
}

/// What the map skips for that it lets go of.
#[test]
fn a_panic_of_an_item_that_has_read_its_own_map_is_heard_of() {
    let _limit = limit();
    let (pool, before) = (pool(1), unobserved_panics());
    let _open = reads_itself(&pool, |mut myself| {
        assert!(myself.next().unwrap().is_ok(), "unseen in its own map");
    });
    eventually(|| unobserved_panics() > before);
}

#[test]
fn items_of_an_unordered_map_in_a_scope_may_borrow() {
    let _limit = limit();
    let words = [String::from("to"), String::from("be")];
    let lengths: usize = scope(2, |s| {
        let lent = s.map(&words, String::as_str).unordered();
        lent.map(|word| word.unwrap().len()).sum::<usize>()
            + s.map_buffered(&words, 1, String::len).unordered().flatten().sum::<usize>()
    })
    .unwrap();
    assert_eq!(lengths, 8);
    let shared = Arc::new(());
    assert_eq!(pool(1).map([Arc::clone(&shared)], |one| one).unordered().count(), 1);
    assert_eq!(Arc::strong_count(&shared), 1);
}

/// Against workers that end items while this takes them.
#[test]
fn no_result_is_lost_when_the_reader_races_the_workers() {
    let _limit = limit();
    let pool = pool(3);
    for round in 0..300 {
        let results = pool.map(0..20, |n| n).unordered();
        assert_eq!(results.map(Result::unwrap).sum::<u32>(), (0..20).sum());
        let results = pool.map_buffered(0..20, 1 + round % 5, |n| n).unordered();
        assert_eq!(results.map(Result::unwrap).sum::<u32>(), (0..20).sum());
    }
}
