//! One function, many items: the answers in the order of the questions.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Executor, Inline, Map, Shutdown};

use crate::support::{Drops, Gate, Tally, eventually, held_pool, panic_of, pool, within, words};

/// MAP-01: the first item ends last.
#[test]
fn results_come_in_the_order_of_the_items() {
    within(|| {
        let (pool, gate, others) = (pool(2), Gate::closed(), Tally::default());
        let (way, ended) = (gate.way(), others.clone());
        let results = pool.map(0..100, move |n| {
            if n == 0 {
                way.pass();
            } else {
                ended.add();
            }
            n * 10
        });
        eventually(|| others.count() == 99);
        gate.open();
        assert!(results.map(Result::unwrap).eq((0..100).map(|n| n * 10)));
    });
}

#[test]
fn of_many_items_each_is_worked_on_once() {
    within(|| {
        let (pool, calls) = (pool(4), Tally::default());
        let count = calls.clone();
        let results = pool.map(0..20_000, move |n| {
            count.add();
            n
        });
        assert_eq!(results.len(), 20_000);
        assert!(results.map(Result::unwrap).eq(0..20_000));
        assert_eq!(calls.count(), 20_000);
    });
}

/// MAP-02.
#[test]
fn a_map_starts_at_the_call_and_needs_no_reader() {
    within(|| {
        let (pool, calls) = (pool(2), Tally::default());
        let count = calls.clone();
        let results = pool.map(0..100, move |n| {
            count.add();
            n
        });
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(calls.count(), 100);
        assert!(results.map(Result::unwrap).eq(0..100));
    });
}

#[test]
fn a_result_can_be_had_as_soon_as_it_is_there() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let way = gate.way();
        let mut results = pool.map(0..3, move |n| {
            if n == 2 {
                way.pass();
            }
            n
        });
        assert_eq!([results.next().unwrap().unwrap(), results.next().unwrap().unwrap()], [0, 1]);
        assert_eq!(results.len(), 1);
        gate.open();
        assert_eq!(results.next().unwrap().unwrap(), 2);
    });
}

/// MAP-03.
#[test]
fn an_item_that_fails_is_an_error_in_its_place() {
    within(|| {
        let mut results = pool(2).map(0..5, |n| 60 / (n - 2));
        let all: Vec<_> = results.by_ref().map(words).collect();
        assert_eq!(all, ["-30", "-60", "task panicked: attempt to divide by zero", "60", "30"]);
        assert!(iter::repeat_with(|| results.next()).take(3).all(|end| end.is_none()));
    });
}

/// MAP-08, as far as it is offered.
#[test]
fn a_map_of_nothing_ends_at_once() {
    within(|| {
        let (pool, _gate) = held_pool();
        let drops = Drops::default();
        let captured = drops.one();
        let mut results = pool.map(iter::empty(), move |n: u8| (n, &captured).0);
        assert_eq!((results.len(), drops.count()), (0, 1)); // and so does what its function has captured
        assert!(results.next().is_none());
    });
}

/// MAP-04.
#[test]
fn when_the_time_is_up_what_has_not_begun_is_cancelled() {
    within(|| {
        let (pool, gate, calls) = (pool(1), Gate::closed(), Tally::default());
        let (way, count) = (gate.way(), calls.clone());
        let mut results = pool
            .map(0..5, move |n| {
                count.add();
                if n == 1 {
                    way.pass();
                }
            })
            .timeout(Duration::from_millis(20));
        gate.wait_for(1);
        assert!(results.next().unwrap().unwrap().is_ok()); // it was there in time
        let timed_out = results.next().unwrap().unwrap_err();
        assert_eq!(timed_out.to_string(), "4 (of 5) futures unfinished");
        assert!(results.next().is_none() && results.next().is_none());
        gate.open();
        drop(pool);
        assert_eq!(calls.count(), 2);
    });
}

#[test]
fn what_is_there_is_handed_over_though_the_time_is_up() {
    within(|| {
        let executor: &dyn Executor = &Inline;
        let results = executor.map(0..3, |n| n).timeout(Duration::ZERO);
        assert!(results.map(|result| result.unwrap().unwrap()).eq(0..3));
        let endless = pool(1).map(0..3, |n| n).timeout(Duration::MAX);
        assert!(endless.map(|result| result.unwrap().unwrap()).eq(0..3));
    });
}

/// So that a reader who comes late does not wait again for what he has waited for elsewhere.
#[test]
fn the_time_counts_from_the_call() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let way = gate.way();
        let timeout = Duration::from_millis(500);
        let called = Instant::now();
        let results = pool.map(0..3, move |_| way.pass());
        thread::sleep(timeout);
        let mut results = results.timeout(timeout);
        let asked = Instant::now();
        assert!(results.next().unwrap().is_err());
        assert!(asked.elapsed() < timeout && called.elapsed() >= timeout);
    });
}

/// MAP-06: at once, while the worker is busy.
#[test]
fn dropping_a_map_cancels_what_has_not_begun() {
    within(|| {
        let (pool, gate, drops, calls) =
            (pool(1), Gate::closed(), Drops::default(), Tally::default());
        let (way, count) = (gate.way(), calls.clone());
        let items = [(); 5].map(|()| drops.one());
        let results = pool.map(items, move |item| {
            count.add();
            way.pass();
            drop(item);
        });
        gate.wait_for(1);
        drop(results);
        assert_eq!(drops.count(), 4);
        gate.open();
        drop(pool);
        assert_eq!((calls.count(), drops.count()), (1, 5));
    });
}

/// MAP-11.
#[test]
fn a_result_is_the_readers_alone() {
    within(|| {
        let pool = pool(1);
        let mut results = pool.map(0..3, Arc::new);
        let first = results.next().unwrap().unwrap();
        let seen = Arc::downgrade(&first);
        drop(first);
        assert!(Weak::upgrade(&seen).is_none());
        assert_eq!(results.len(), 2);
    });
}

#[test]
fn unread_results_are_dropped_with_the_map() {
    within(|| {
        let (pool, drops) = (pool(2), Drops::default());
        let make = drops.clone();
        let mut results = pool.map(0..5, move |_| make.one());
        pool.shutdown(Shutdown::Drain).unwrap();
        drop(results.next());
        assert_eq!(drops.count(), 1);
        drop(results);
        assert_eq!(drops.count(), 5);
    });
}

/// MAP-12.
#[test]
fn on_a_closed_pool_a_map_touches_no_item() {
    within(|| {
        let (pool, asked) = (pool(1), Tally::default());
        pool.close(Shutdown::Drain);
        let items = iter::repeat_with(|| asked.add()).take(3);
        assert_eq!(panic_of(|| pool.map(items, drop)), "cannot submit: the executor was shut down");
        assert_eq!(asked.count(), 0);
    });
}

#[test]
fn a_map_under_a_name_touches_none_either() {
    within(|| {
        let (pool, asked) = (pool(1), Tally::default());
        pool.close(Shutdown::Drain);
        let items = iter::repeat_with(|| asked.add()).take(3);
        let refusal = panic_of(|| pool.named("late").map(items, drop));
        assert_eq!(
            (refusal.as_str(), asked.count()),
            ("cannot submit: the executor was shut down", 0)
        );
    });
}

#[test]
fn what_the_items_iterator_panics_with_comes_out_of_the_call() {
    within(|| {
        let (pool, drops, calls) = (pool(1), Drops::default(), Tally::default());
        let items = (0..3).map(|n| if n < 2 { drops.one() } else { panic!("no third item") });
        let count = calls.clone();
        assert_eq!(panic_of(|| pool.map(items, move |_| count.add())), "no third item");
        assert_eq!((drops.count(), calls.count()), (2, 0));
        assert!(pool.map(0..3, |n| n).map(Result::unwrap).eq(0..3));
    });
}

/// As the captures of a submitted closure do.
#[test]
fn what_the_function_has_captured_goes_when_all_is_done_though_the_map_is_kept() {
    within(|| {
        let (pool, drops) = (pool(2), Drops::default());
        let captured = drops.one();
        let results = pool.map(0..10, move |n| {
            let _captured = &captured;
            n
        });
        eventually(|| drops.count() == 1);
        assert!(results.map(Result::unwrap).eq(0..10));

        let (held, gate) = held_pool();
        let captured = drops.one();
        let cancelled = held.map(0..10, move |_| {
            let _captured = &captured;
        });
        held.close(Shutdown::CancelPending);
        assert_eq!((drops.count(), cancelled.filter(Result::is_err).count()), (2, 10));
        gate.open();
    });
}

/// MAP-15.
#[test]
fn the_function_is_shared_and_not_copied() {
    struct Uncloneable(AtomicUsize);
    within(|| {
        let pool = pool(3);
        let counter = Uncloneable(AtomicUsize::new(0));
        let results = pool.map(0..100, move |_| {
            let counter = &counter;
            counter.0.fetch_add(1, SeqCst)
        });
        let mut seen: Vec<_> = results.map(Result::unwrap).collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..100));
    });
}

/// However fast the items have been, and however many one worker has therefore taken at once.
#[test]
fn what_one_worker_has_taken_but_not_begun_another_takes_over() {
    within(|| {
        for slow in [0, 1, 500, 998] {
            let (pool, gate) = (pool(2), Gate::closed());
            let way = gate.way();
            let results = pool.map(0..1000, move |n| {
                if n == slow {
                    way.pass();
                }
            });
            eventually(|| results.to_string().ends_with(" 1000 futures: 999 finished, 1 running>"));
            gate.open();
            assert_eq!(results.flatten().count(), 1000);
        }
    });
}

/// SHD-03: of a map that a worker has in its hands.
#[test]
fn a_cancelling_shutdown_cancels_the_items_that_have_not_begun() {
    within(|| {
        let (pool, gate) = (pool(2), Gate::closed());
        let way = gate.way();
        let mut results = pool.map(0..5, move |n| {
            way.pass();
            n
        });
        pool.close(Shutdown::CancelPending);
        assert!(results.to_string().ends_with(" 5 futures: 2 running, 3 cancelled>"), "{results}");
        gate.open();
        assert_eq!([results.next(), results.next()].map(|first| first.unwrap().unwrap()), [0, 1]);
        for cancelled in results {
            assert_eq!(words(cancelled), "task cancelled by the shutdown of its pool");
        }
    });
}

#[test]
fn a_map_waits_its_turn_in_the_queue() {
    within(|| {
        let (pool, gate) = held_pool();
        let order = Arc::new(Mutex::new(Vec::new()));
        let note = |text: &'static str| {
            let order = Arc::clone(&order);
            move || order.lock().unwrap().push(text)
        };
        let (before, in_map, after) = (note("before"), note("map"), note("after"));
        let before = pool.submit(before);
        let results = pool.map([(); 2], move |()| in_map());
        let after = pool.submit(after);
        assert!(results.to_string().ends_with(" 2 futures: 2 pending>"), "{results}");
        gate.open();
        assert!(
            before.result().is_ok() && results.flatten().count() == 2 && after.result().is_ok()
        );
        assert_eq!(*order.lock().unwrap(), ["before", "map", "map", "after"]);
    });
}

#[test]
fn two_maps_on_one_pool_do_not_meet() {
    within(|| {
        let pool = pool(2);
        let (squares, texts) =
            (pool.map(0..50, |n| n * n), pool.map(0..50, |n: i32| n.to_string()));
        assert!(texts.map(Result::unwrap).eq((0..50).map(|n| n.to_string())));
        assert!(squares.map(Result::unwrap).eq((0..50).map(|n| n * n)));
    });
}

#[test]
fn a_map_that_is_read_by_its_own_function_is_told_so() {
    within(|| {
        let pool = pool(1);
        let (give, take) = mpsc::channel::<Map<()>>();
        let (tell, told) = mpsc::channel();
        let take = Mutex::new(take);
        let results = pool.map([()], move |()| {
            let mut myself = take.lock().unwrap().recv().unwrap();
            tell.send(words(myself.next().unwrap())).unwrap();
        });
        give.send(results).unwrap();
        let told = told.recv().unwrap();
        assert!(told.starts_with("deadlock: ") && told.ends_with(" waits for itself"), "{told}");
    });
}

/// MAP-14.
#[test]
fn a_map_and_a_shutdown_right_behind_it_do_not_hang() {
    within(|| {
        for round in 0..500 {
            let pool = pool(2);
            let results = pool.map(0..3, |n| n);
            match round % 3 {
                0 => drop(pool),
                1 => pool.shutdown(Shutdown::Drain).unwrap(),
                _ => pool.shutdown(Shutdown::CancelPending).unwrap(),
            }
            let read = results.filter(|result| round % 3 == 2 || result.is_ok()).count();
            assert_eq!(read, 3);
        }
    });
}

#[test]
fn debug_says_how_far_it_is() {
    within(|| {
        let executor: &dyn Executor = &Inline;
        let mut results = executor.map(0..3, |n| n);
        let _first = results.next();
        let place = format!("{}:{}", file!(), line!() - 2);
        let counts = "finished: 3, running: 0, pending: 0, cancelled: 0, handed_over: 1";
        let debug = format!("{results:?}");
        assert!(debug.starts_with(&format!("Map {{ {counts}, submitted_at: {place}:")), "{debug}");
    });
}
