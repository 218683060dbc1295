//! MAP: maps. What they do that read ahead only so far is in `buffering.rs`.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{CancelReason, Executor, Inline, Shutdown, TaskError};

use crate::common::{CountsClones, counts_from_the_call};
use crate::support::{
    Drops, Gate, LONG, Tally, broken_pool, eventually, held_pool, panic_of, pool, within, words,
};

#[test]
fn map_01_results_come_in_the_order_of_the_items_whatever_ends_first() {
    within(|| {
        let (pool, gate, ends) = (pool(3), Gate::closed(), Tally::default());
        let (way, ended) = (gate.way(), ends.clone());
        let results = pool.map(0..20_u32, move |n| {
            if n == 0 {
                way.pass();
            }
            ended.add();
            n * n
        });
        eventually(|| ends.count() == 19);
        gate.open();
        assert!(results.map(Result::unwrap).eq((0..20).map(|n| n * n)));
    });
}

#[test]
fn map_01_each_is_handed_over_as_soon_as_it_is_its_turn() {
    within(|| {
        let (pool, gates) = (pool(1), [(); 3].map(|()| Gate::closed()));
        let ways = gates.each_ref().map(Gate::way);
        let mut results = pool.map(0..3, move |n: usize| {
            ways[n].pass();
            n
        });
        for (n, gate) in gates.iter().enumerate() {
            gate.open();
            assert_eq!((results.next().unwrap().unwrap(), results.len()), (n, 2 - n));
        }
    });
}

#[test]
fn map_02_all_is_submitted_at_the_call_and_runs_though_nobody_iterates() {
    within(|| {
        let ((pool, gate), runs, taken) = (held_pool(), Tally::default(), Tally::default());
        let ran = runs.clone();
        let results = pool.map((0..50).inspect(|_| taken.add()), move |n| {
            ran.add();
            n
        });
        assert_eq!((taken.count(), runs.count()), (50, 0));
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(runs.count(), 50);
        drop(pool);
        assert!(results.map(Result::unwrap).eq(0..50));
    });
}

#[test]
fn map_03_a_failing_item_is_told_at_its_place_and_the_others_still_come() {
    within(|| {
        for workers in 1..=3 {
            let pool = pool(workers);
            let mut results = pool.map(0..6, |n| {
                assert!(n % 3 != 1, "no {n}");
                n
            });
            let told = [(); 6].map(|()| words(results.next().unwrap()));
            assert_eq!(told, ["0", "task panicked: no 1", "2", "3", "task panicked: no 4", "5"]);
            assert!((0..3).all(|_| results.next().is_none()));
        }
    });
}

#[test]
fn map_04_when_the_time_is_up_the_rest_is_cancelled_and_the_iteration_ends() {
    within(|| {
        let ((pool, gate), runs) = (held_pool(), Tally::default());
        let ran = runs.clone();
        let results = pool.map(0..5, move |_| ran.add());
        let mut timed = results.timeout(Duration::from_millis(2));
        let timed_out = timed.next().unwrap().unwrap_err();
        assert_eq!(timed_out.to_string(), "5 (of 5) futures unfinished");
        assert!((0..3).all(|_| timed.next().is_none()));
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(runs.count(), 0);
    });
}

#[test]
fn map_04_what_is_ready_comes_though_the_time_is_up_and_what_runs_goes_on() {
    within(|| {
        let (pool, gate, runs) = (pool(1), Gate::closed(), Tally::default());
        let (way, ran) = (gate.way(), runs.clone());
        let results = pool.map(0..10, move |n| {
            if n == 3 {
                way.pass();
            }
            ran.add();
            n
        });
        gate.wait_for(1);
        let mut timed = results.timeout(Duration::ZERO);
        assert!(timed.by_ref().take(3).map(|result| result.unwrap().unwrap()).eq(0..3));
        assert_eq!(timed.next().unwrap().unwrap_err().to_string(), "7 (of 10) futures unfinished");
        assert!(timed.next().is_none());
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(runs.count(), 4);
    });
}

#[test]
fn map_04_the_time_counts_from_the_call_and_is_never_up_early() {
    within(|| {
        let (pool, gate) = held_pool();
        for nanos in [1, 999_999, 1_000_001, 3_000_000] {
            let timeout = Duration::from_nanos(nanos);
            let began = Instant::now();
            assert!(pool.map([1, 2], |n| n).timeout(timeout).next().unwrap().is_err());
            assert!(began.elapsed() >= timeout);
        }
        counts_from_the_call(
            || pool.map([1, 2], |n| n),
            |results, time| results.timeout(time).next().unwrap().is_err(),
        );
        gate.open();
    });
}

#[test]
fn map_04_in_time_everything_comes() {
    within(|| {
        let pool = pool(2);
        let results = pool.map(0..100, |n| n).timeout(LONG);
        assert!(results.map(|result| result.unwrap().unwrap()).eq(0..100));
    });
}

#[test]
fn map_06_dropping_it_cancels_the_rest_and_what_runs_goes_on() {
    within(|| {
        let (pool, gate, runs) = (pool(1), Gate::closed(), Tally::default());
        let (way, ran) = (gate.way(), runs.clone());
        let mut results = pool.map(0..10, move |n| {
            if n == 2 {
                way.pass();
            }
            ran.add();
            n
        });
        assert_eq!(results.next().unwrap().unwrap(), 0);
        gate.wait_for(1);
        drop(results);
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(runs.count(), 3);
    });
}

#[test]
fn map_06_the_items_that_never_ran_are_dropped_too() {
    within(|| {
        let ((pool, gate), drops) = (held_pool(), Drops::default());
        let items: Vec<_> = (0..10).map(|_| drops.one()).collect();
        let captured = drops.one();
        let results = pool.map(items, move |item| _ = (&captured, item));
        assert_eq!(drops.count(), 0);
        drop(results);
        gate.open();
        drop(pool);
        assert_eq!(drops.count(), 11);
    });
}

#[test]
fn map_11_each_result_is_freed_as_soon_as_whoever_got_it_lets_go() {
    within(|| {
        let (pool, drops) = (pool(2), Drops::default());
        let makes = drops.clone();
        let mut results = pool.map(0..10, move |_| Arc::new(makes.one()));
        for dropped in 1..=5 {
            let result = results.next().unwrap().unwrap();
            let watch = Arc::downgrade(&result);
            drop(result);
            assert!(watch.upgrade().is_none());
            assert_eq!(drops.count(), dropped);
        }
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(drops.count(), 5);
        drop(results);
        assert_eq!(drops.count(), 10);
    });
}

/// By every way in.
#[test]
fn map_12_on_a_pool_that_takes_no_work_it_fails_at_once_and_touches_no_item() {
    within(|| {
        let closed = pool(1);
        closed.close(Shutdown::Drain);
        for (pool, text) in [(closed, "shut down"), (broken_pool(), "broken")] {
            let (submitter, executor): (_, &dyn Executor) = (pool.submitter(), &pool);
            let touched = Tally::default();
            let items = || (0..5).inspect(|_| touched.add());
            let said = [
                panic_of(|| pool.map(items(), |n| n)),
                panic_of(|| submitter.map(items(), |n| n)),
                panic_of(|| pool.named("BR").map(items(), |n| n)),
                panic_of(|| executor.map(items(), |n| n)),
                panic_of(|| pool.map(Vec::<u8>::new(), |n| n)),
            ];
            assert!(said.iter().all(|said| said.contains(text)), "{said:?}");
            assert_eq!(touched.count(), 0);
        }
    });
}

#[test]
fn map_14_a_shutdown_right_after_a_map_of_one_more_item_than_workers_does_not_hang() {
    within(|| {
        for round in 0..1000 {
            let (workers, runs) = (1 + round % 4, Tally::default());
            let (pool, ran) = (pool(workers), runs.clone());
            let results = pool.map(0..=workers, move |_| ran.add());
            match round % 3 {
                0 => drop(pool),
                1 => pool.shutdown(Shutdown::Drain).unwrap(),
                _ => pool.close(Shutdown::Drain),
            }
            assert_eq!(results.flatten().count(), workers + 1);
            assert_eq!(runs.count(), workers + 1);
        }
    });
}

#[test]
fn map_14_nor_does_one_that_cancels() {
    within(|| {
        for round in 0..300 {
            let (workers, runs) = (1 + round % 4, Tally::default());
            let (pool, ran) = (pool(workers), runs.clone());
            let results = pool.map(0..=workers, move |_| ran.add());
            pool.shutdown(Shutdown::CancelPending).unwrap();
            let mut values = 0;
            for result in results {
                match result {
                    Ok(()) => values += 1,
                    Err(error) => {
                        assert!(
                            matches!(error, TaskError::Cancelled(CancelReason::ByShutdown)),
                            "{error}"
                        );
                    }
                }
            }
            assert_eq!(runs.count(), values);
        }
    });
}

#[test]
fn map_15_the_function_is_shared_and_never_copied() {
    within(|| {
        let (pool, clones) = (pool(3), Tally::default());
        let captured = CountsClones(clones.clone());
        let function = move |n: u32| {
            assert_eq!(captured.0.count(), 0);
            n
        };
        assert_eq!(pool.map(0..100, function).flatten().sum::<u32>(), (0..100).sum());
        assert_eq!(clones.count(), 0);
    });
}

#[test]
fn map_01_without_a_pool_it_is_a_loop() {
    within(|| {
        let executor: &dyn Executor = &Inline;
        let here = thread::current().id();
        let mut results = executor.map(0..5, |n| (n, thread::current().id()));
        assert!((0..5).all(|n| results.next().unwrap().unwrap() == (n, here)));
        assert!(results.next().is_none());
        assert!(executor.map(0..0_u8, |n| n).next().is_none());
    });
}
