//! MAP: maps that hand results over as they end.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use glasspool::{Executor, Inline, Shutdown, scope};

use crate::common::{counted, counts_from_the_call, gated};
use crate::support::{
    Drops, LONG, Tally, eventually, held_pool, let_others_block, pool, within, words,
};

#[test]
fn asc_02_an_unordered_map_hands_results_over_as_they_end() {
    within(|| {
        let (pool, (gates, function)) = (pool(3), gated(3));
        let mut results = pool.map(0..3, function).unordered();
        assert_eq!((results.len(), results.size_hint()), (3, (3, Some(3))));
        for (n, left) in [(2, 2), (0, 1), (1, 0)] {
            thread::scope(|threads| {
                let reading = threads.spawn(|| results.next());
                let_others_block();
                gates[n].open();
                assert_eq!(reading.join().unwrap().unwrap().unwrap(), n);
            });
            assert_eq!(results.len(), left);
        }
        assert!((0..3).all(|_| results.next().is_none()));
    });
}

#[test]
fn asc_02_so_does_one_that_reads_ahead() {
    within(|| {
        let (pool, (gates, function), (items, taken)) = (pool(3), gated(3), counted(4));
        let mut results = pool.map_buffered(items, 3, function).unordered();
        // The fourth is taken for the one that comes first, has no gate, and overtakes the two that
        // are left.
        for n in [2, 3, 0, 1] {
            thread::scope(|threads| {
                let reading = threads.spawn(|| results.next());
                let_others_block();
                if let Some(gate) = gates.get(n) {
                    gate.open();
                }
                assert_eq!(reading.join().unwrap().unwrap().unwrap(), n);
            });
            assert_eq!(taken.count(), 4);
        }
        assert!((0..3).all(|_| results.next().is_none()));
    });
}

/// In whatever order they ended.
#[test]
fn asc_02_what_has_ended_when_it_is_made_unordered_comes_first_in_the_order_of_the_items() {
    within(|| {
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
    });
}

#[test]
fn asc_02_it_may_be_made_unordered_on_the_way_and_again() {
    within(|| {
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
    });
}

/// A slow one keeps its own place in flight, and no other.
#[test]
fn asc_02_the_slow_do_not_hold_up_the_fast() {
    within(|| {
        let (pool, (gates, function), (items, taken)) = (pool(2), gated(1), counted(1000));
        let mut results = pool.map_buffered(items, 2, function).unordered();
        for n in 1..=100 {
            assert_eq!(results.next().unwrap().unwrap(), n);
            assert_eq!(taken.count(), n + 2);
        }
        gates[0].open();
        let rest: BTreeSet<_> = results.map(Result::unwrap).collect();
        assert!(rest.contains(&0) && rest.len() == 900);
    });
}

#[test]
fn asc_01_each_is_handed_over_once_whatever_it_came_to() {
    within(|| {
        for workers in [1, 3] {
            let pool = pool(workers);
            let function = |n: u32| {
                assert!(n % 10 != 3, "no {n}");
                n
            };
            let told = pool.map(0..500, function).unordered().map(words).collect::<BTreeSet<_>>();
            let buffered = pool
                .map_buffered(0..500, 7, function)
                .unordered()
                .map(words)
                .collect::<BTreeSet<_>>();
            let expected =
                |n: u32| if n % 10 == 3 { format!("task panicked: no {n}") } else { n.to_string() };
            assert_eq!(told, (0..500).map(expected).collect());
            assert_eq!(buffered, told);
        }
    });
}

#[test]
fn asc_04_its_time_counts_from_the_call_and_what_is_ready_comes_all_the_same() {
    within(|| {
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
        // Between the last look for one that is there and the count, others may have ended.
        let says =
            |unfinished| timed_out.to_string() == format!("{unfinished} (of 6) futures unfinished");
        assert!((1..=6 - values.len()).any(says), "{timed_out}, and {} are here", values.len());
        assert!((0..3).all(|_| results.next().is_none()));
        gates[0].open();

        let (held, gate) = held_pool();
        counts_from_the_call(
            || held.map(0..3, |n| n).unordered(),
            |results, time| results.timeout(time).next().unwrap().is_err(),
        );
        gate.open();

        let results = pool.map(0..100, |n| n).unordered().timeout(LONG);
        assert_eq!(results.map(|result| result.unwrap().unwrap()).sum::<u32>(), (0..100).sum());
    });
}

#[test]
fn asc_04_when_its_time_is_up_what_has_not_begun_is_cancelled() {
    within(|| {
        let ((pool, gate), runs) = (held_pool(), Tally::default());
        let ran = runs.clone();
        let mut results =
            pool.map(0..5, move |_| ran.add()).unordered().timeout(Duration::from_millis(1));
        assert_eq!(results.next().unwrap().unwrap_err().to_string(), "5 (of 5) futures unfinished");
        assert!(results.next().is_none());
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(runs.count(), 0);
    });
}

#[test]
fn map_06_dropping_an_unordered_map_cancels_the_rest_and_what_runs_goes_on() {
    within(|| {
        let (pool, (gates, function), runs) = (pool(2), gated(3), Tally::default());
        let ran = runs.clone();
        let mut results = pool
            .map(0..20, move |n| {
                let n = function(n);
                ran.add();
                n
            })
            .unordered();
        gates[1].open();
        assert_eq!(results.next().unwrap().unwrap(), 1);
        // Now one worker stands at the first gate, and the other at the third.
        gates[0].wait_for(1);
        gates[2].wait_for(1);
        drop(results);
        drop(gates);
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(runs.count(), 3);
    });
}

#[test]
fn map_11_an_unordered_map_frees_each_result_too() {
    within(|| {
        let (pool, drops) = (pool(2), Drops::default());
        let makes = drops.clone();
        let mut results = pool.map(0..10, move |_| makes.one()).unordered();
        for dropped in 1..=5 {
            drop(results.next().unwrap());
            assert_eq!(drops.count(), dropped);
        }
        pool.shutdown(Shutdown::Drain).unwrap();
        drop(results);
        assert_eq!(drops.count(), 10);
    });
}

#[test]
fn asc_08_without_items_an_unordered_map_ends_at_once() {
    within(|| {
        let pool = pool(2);
        assert!(pool.map(0..0, |n| n).unordered().next().is_none());
        assert!(pool.map(0..0, |n| n).unordered().timeout(LONG).next().is_none());
        assert!((0..3).all(|_| pool.map(0..1, |n| n).unordered().nth(1).is_none()));
    });
}

#[test]
fn wai_15_an_unordered_map_that_waits_learns_that_a_shutdown_cancels_its_items() {
    within(|| {
        let (pool, gate) = held_pool();
        let (plain, buffered) = (pool.map(0..3, |n| n), pool.map_buffered(0..3, 3, |n| n));
        thread::scope(|threads| {
            let reading = [
                threads.spawn(|| plain.unordered().map(words).collect::<Vec<_>>()),
                threads.spawn(|| buffered.unordered().map(words).collect::<Vec<_>>()),
            ];
            let_others_block();
            pool.close(Shutdown::CancelPending);
            for thread in reading {
                assert_eq!(
                    thread.join().unwrap(),
                    ["task cancelled by the shutdown of its pool"; 3]
                );
            }
        });
        gate.open();
    });
}

#[test]
fn map_01_unordered_it_borrows_in_a_scope_and_runs_without_a_pool_as_well() {
    within(|| {
        let texts = ["a", "bb", "ccc"].map(str::to_owned);
        let lengths = scope(2, |s| {
            s.map(&texts, String::as_str).unordered().map(|text| text.unwrap().len()).sum::<usize>()
        });
        assert_eq!(lengths.unwrap(), 6);
        let executor: &dyn Executor = &Inline;
        assert!(executor.map(0..5, |n| n).unordered().map(Result::unwrap).eq(0..5));
        assert!(executor.map_buffered(0..5, 2, |n| n).unordered().map(Result::unwrap).eq(0..5));
    });
}

/// Against workers that end items while this takes them.
#[test]
fn asc_01_no_result_is_lost_when_the_reader_races_the_workers() {
    within(|| {
        let pool = pool(3);
        for round in 0..300 {
            let results = pool.map(0..20, |n| n).unordered();
            assert_eq!(results.map(Result::unwrap).sum::<u32>(), (0..20).sum());
            let results = pool.map_buffered(0..20, 1 + round % 5, |n| n).unordered();
            assert_eq!(results.map(Result::unwrap).sum::<u32>(), (0..20).sum());
        }
    });
}
