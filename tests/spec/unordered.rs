//! The answers as they come, and not in the order of the questions.

use std::iter;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use glasspool::{Executor, Inline, Map, Shutdown, TaskError};

use crate::support::{Drops, Gate, Tally, eventually, held_pool, pool, within, words};

#[test]
fn each_result_comes_once() {
    within(|| {
        let pool = pool(3);
        let mut all: Vec<_> = pool.map(0..5000, |n| n).unordered().map(Result::unwrap).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..5000));

        let results = pool.map_buffered(0..5000, 7, |n| n).unordered();
        let mut all: Vec<_> = results.map(Result::unwrap).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..5000));
    });
}

/// While the first of all is the last to end.
#[test]
fn they_come_as_they_end() {
    within(|| {
        let (pool, gate) = (pool(2), Gate::closed());
        let (map_way, buffered_way) = (gate.way(), gate.way());
        let mut results = pool
            .map(0..5, move |n| {
                if n == 0 {
                    map_way.pass();
                }
                n
            })
            .unordered();
        assert!(results.by_ref().take(4).map(Result::unwrap).eq(1..5));
        assert_eq!(results.len(), 1);
        gate.open();
        assert_eq!(results.next().unwrap().unwrap(), 0);
        assert!(results.next().is_none() && results.next().is_none());

        let gate = Gate::closed();
        let way = gate.way();
        let mut results = pool
            .map_buffered(0.., 2, move |n| {
                if n == 0 {
                    way.pass();
                }
                n
            })
            .unordered();
        assert!(results.by_ref().take(100).map(Result::unwrap).eq(1..101));
        gate.open();
        drop((results, buffered_way));
    });
}

#[test]
fn those_that_are_there_come_first_in_the_order_of_their_items() {
    within(|| {
        let executor: &dyn Executor = &Inline;
        let mut results = executor.map(0..5, |n| n);
        assert_eq!(results.next().unwrap().unwrap(), 0);
        assert!(results.unordered().map(Result::unwrap).eq(1..5));
        let mut results = executor.map_buffered(0..5, 3, |n| n);
        assert_eq!(results.next().unwrap().unwrap(), 0);
        assert!(results.unordered().unordered().map(Result::unwrap).eq(1..5));
    });
}

#[test]
fn exactly_so_many_are_in_flight() {
    within(|| {
        let (pool, taken) = (pool(2), Tally::default());
        let count = taken.clone();
        let mut results =
            pool.map_buffered((0..).inspect(move |_| count.add()), 3, |n: u32| n).unordered();
        for n in 0..100 {
            assert_eq!(taken.count(), n + 3);
            results.next().unwrap().unwrap();
        }
    });
}

#[test]
fn a_failure_is_one_of_them() {
    within(|| {
        let (pool, items) = (pool(2), [2, 1, 0]);
        let maps: [Box<dyn Iterator<Item = _>>; 2] = [
            Box::new(pool.map(items, |n| 6 / n).unordered()),
            Box::new(pool.map_buffered(items, 2, |n| 6 / n).unordered()),
        ];
        for results in maps {
            let mut all: Vec<_> = results.map(words).collect();
            all.sort_unstable();
            assert_eq!(all, ["3", "6", "task panicked: attempt to divide by zero"]);
        }
    });
}

#[test]
fn when_the_time_is_up_what_has_not_begun_is_cancelled() {
    within(|| {
        let (pool, gate) = held_pool();
        let mut results = pool.map(0..3, |n| n).unordered().timeout(Duration::from_millis(5));
        assert_eq!(results.next().unwrap().unwrap_err().to_string(), "3 (of 3) futures unfinished");
        assert!(results.next().is_none());
        let mut results =
            pool.map_buffered(0.., 3, |n: u8| n).unordered().timeout(Duration::from_millis(5));
        assert_eq!(results.next().unwrap().unwrap_err().to_string(), "3 (of 3) futures unfinished");
        assert!(results.next().is_none());
        assert_eq!(pool.stats().queued, 0);
        gate.open();
    });
}

#[test]
fn dropping_it_cancels_what_has_not_begun_and_drops_what_is_unread() {
    within(|| {
        let (pool, drops, calls, gate) =
            (pool(1), Drops::default(), Tally::default(), Gate::closed());
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
    });
}

/// A shutdown cancels items: those, too, are ends of which the reader is told.
#[test]
fn what_a_shutdown_cancels_comes_too() {
    within(|| {
        let (pool, gate) = held_pool();
        let results = pool.map(0..4, |n| n).unordered();
        let buffered = pool.map_buffered(0..4, 4, |n| n).unordered();
        pool.close(Shutdown::CancelPending);
        for result in results.chain(buffered) {
            assert_eq!(words(result), "task cancelled by the shutdown of its pool");
        }
        gate.open();
    });
}

/// Its own listening is no looking: nobody has seen these panics.
#[test]
fn panics_that_were_never_handed_over_are_heard_of() {
    within(|| {
        let (pool, before) = (pool(1), glasspool::unobserved_panics());
        let map = pool.map(0..3, |_| panic!("unseen in an unordered map")).unordered();
        let buffered =
            pool.map_buffered(0..3, 3, |_| panic!("unseen in a buffered map")).unordered();
        pool.shutdown(Shutdown::Drain).unwrap();
        let _: (Map<()>, _) = (map, buffered);
        eventually(|| glasspool::unobserved_panics() >= before + 6);
    });
}

#[test]
fn a_map_that_is_read_by_its_own_function_is_told_so() {
    within(|| {
        let pool = pool(1);
        let (give, take) = mpsc::channel::<Map<()>>();
        let (tell, told) = mpsc::channel();
        let take = Mutex::new(take);
        let results = pool.map(iter::once(()), move |()| {
            let mut myself = take.lock().unwrap().recv().unwrap();
            tell.send((myself.next().unwrap(), myself.next().is_none())).unwrap();
        });
        give.send(results.unordered()).unwrap();
        assert!(matches!(told.recv().unwrap(), (Err(TaskError::Deadlock(_)), true)));
    });
}

/// What it skips for that it lets go of.
#[test]
fn a_panic_of_an_item_that_has_read_its_own_map_is_heard_of() {
    within(|| {
        let (pool, before) = (pool(1), glasspool::unobserved_panics());
        let (give, take) = mpsc::channel::<Map<()>>();
        let take = Mutex::new(take);
        let results = pool.map(iter::once(()), move |()| {
            let mut myself = take.lock().unwrap().recv().unwrap();
            assert!(myself.next().unwrap().is_ok(), "unseen in its own map");
        });
        give.send(results.unordered()).unwrap();
        eventually(|| glasspool::unobserved_panics() > before);
    });
}

#[test]
fn in_a_scope_items_may_borrow() {
    within(|| {
        let words = [String::from("to"), String::from("be")];
        let lengths: usize = glasspool::scope(2, |s| {
            s.map(&words, String::len).unordered().map(Result::unwrap).sum::<usize>()
                + s.map_buffered(&words, 1, String::len)
                    .unordered()
                    .map(Result::unwrap)
                    .sum::<usize>()
        })
        .unwrap();
        assert_eq!(lengths, 8);
        let shared = Arc::new(());
        assert_eq!(pool(1).map([Arc::clone(&shared)], |one| one).unordered().count(), 1);
        assert_eq!(Arc::strong_count(&shared), 1);
    });
}
